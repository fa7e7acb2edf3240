"""Open what was trained, to answer with it."""

from typing import Any

import torch

from peftline.base_model.loading import load_model
from peftline.delivery import adapter as adapters
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder
from peftline.quantization import NoQuantization, Quantization
from peftline.speed.layers import causal_lm_of, is_prompt_learning


def open_trained(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    dtype: torch.dtype | None = None,
    quantized: Quantization | None = None,
) -> Any:
    """A model that answers as what was trained; an adapter is merged where it can be, for speed.

    Args:
        dtype: of the weights below an adapter; by default the one that the hardware multiplies
            natively. A whole model answers in the type it is delivered in.
        quantized: how the base below an adapter is rounded; by default not at all.

    Returns:
        A model of transformers, or one of PEFT that has virtual tokens.
    """
    if isinstance(trained, ModelFolder):
        return load_model(trained, torch.float32)  # as it is delivered
    model = load_model(base, dtype, quantized)
    if not isinstance(quantized, NoQuantization | None):
        # The same rounded weights, unpacked once instead of for every token.
        model = model.dequantize()
    if trained.merges:
        return adapters.merged(model, trained)
    opened = adapters.load(model, trained)
    return opened if is_prompt_learning(opened) else causal_lm_of(opened)  # the adapter is within
