"""The quantization axis: how the frozen base is held in memory while an adapter trains.

A new one is one module beside `four_bit.py` and one entry in `types.py`.
"""

from typing import TYPE_CHECKING

from peftline.quantization.types import FP4 as FP4
from peftline.quantization.types import NF4 as NF4
from peftline.quantization.types import TYPES
from peftline.quantization.types import Int8 as Int8
from peftline.quantization.types import NoQuantization as NoQuantization
from peftline.quantization.types import Quantization as Quantization

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel


def loading_config(
    config: Quantization, compute_dtype: "torch.dtype"
) -> "BitsAndBytesConfig | None":
    """What `from_pretrained(quantization_config=…)` takes; None for an unquantised base."""
    return TYPES[type(config)].loading_config(config, compute_dtype)


def prepare(config: Quantization, model: "PreTrainedModel") -> "PreTrainedModel":
    """Make a loaded base ready for training an adapter on it: frozen, otherwise as it was loaded.

    PEFT casts what is not quantised (norms, embeddings) to float32, and with it the activations of
    every layer. Here it goes back to the base's type, which changes no value: measured on
    SmolLM2-135M, 15 % of a step and 1 GB less, and the same arithmetic as on an unquantised base.
    """
    if isinstance(config, NoQuantization):
        return model.requires_grad_(False)
    from peft import prepare_model_for_kbit_training

    keep_differentiable_on_cpu(model)
    dtype = model.get_input_embeddings().weight.dtype
    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    for parameter in model.parameters():
        if parameter.is_floating_point():  # what is quantised is not
            parameter.data = parameter.data.to(dtype)
    return model


def keep_differentiable_on_cpu(model: "PreTrainedModel") -> None:
    """Stop bitsandbytes from repacking 4-bit weights at the first evaluation on a CPU.

    On a processor with AVX512-BF16, bitsandbytes 0.50 repacks each `Linear4bit` in place the first
    time it runs without gradients. The packed form has no backward pass and `dequantize` misreads
    it: training goes on, without an error, and learns nothing. Measured on SmolLM2-135M: with
    q and v adapted, 120 of 120 gradients before the first evaluation, 0 of 120 after.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
