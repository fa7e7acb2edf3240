"""Open what was trained, to answer with it."""

from typing import TYPE_CHECKING, Any

import torch

from peftline.base_model.loading import load_base, load_model
from peftline.delivery import adapter as adapters
from peftline.delivery.layer_by_layer import merge_in_place
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder
from peftline.quantization import FP4, NF4, NoQuantization, Quantization
from peftline.speed.layers import causal_lm_of, is_prompt_learning

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def open_trained(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    dtype: torch.dtype | None = None,
    held: Quantization | None = None,
) -> Any:
    """A model that answers as what is delivered: an adapter is merged where it can be, in place.

    Args:
        dtype: of the weights; by default the one that the hardware multiplies natively.
        held: how the base is, if the unquantised one is too large; nothing is merged into it then.

    Returns:
        A model of transformers, or one of PEFT that has virtual tokens.
    """
    if isinstance(trained, ModelFolder):
        return load_model(trained, dtype)
    if trained.merges and isinstance(held, NoQuantization | None):
        return merged(load_model(base, dtype), trained)
    return open_beside(trained, base, dtype, held)


def merged(model: "PreTrainedModel", adapter: AdapterFolder) -> "PreTrainedModel":
    """Merge a saved adapter into a loaded base, in place, in the base's own type.

    Raises:
        PeftlineError: the adapter does not fit the base (`delivery.adapter.load`).
    """
    return merge_in_place(adapters.load(model, adapter)).eval()


def open_beside(
    adapter: AdapterFolder,
    base: BaseModelFolder,
    dtype: torch.dtype | None = None,
    held: Quantization | None = None,
    unpack: bool = False,
) -> Any:
    """A model that answers with the adapter beside the base's weights, as it was trained.

    Products with a quantised base are those of its training: of 4 bits with each layer unpacked for
    its product, of int8 with rounded inputs and outliers.

    Args:
        dtype: of the arithmetic, and of weights that are not quantised.
        held: how the base is quantised; by default not at all.
        unpack: 4-bit weights once, not for each product, where the base in 16 bits fits: equal bit
            for bit, in two thirds of the time (200 short answers on one core: 113 s, not 170).

    Returns:
        As `open_trained`.
    """
    model = load_base(base, dtype, held)
    if unpack and isinstance(held, NF4 | FP4):
        model = model.dequantize()
    opened = adapters.load(model, adapter)
    return opened if is_prompt_learning(opened) else causal_lm_of(opened)  # the adapter is within
