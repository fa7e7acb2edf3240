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
    """Make a loaded base ready for an adapter on it: frozen, otherwise as it was loaded.

    `peft.prepare_model_for_kbit_training` besides widens what is not quantised (norms, embeddings)
    to float32, and with it the activations of every layer: measured on SmolLM2-135M, 15 % of a step
    and 1 GB more, and other arithmetic than on an unquantised base.
    """
    if not isinstance(config, NoQuantization):
        keep_differentiable_on_cpu(model)
    return model.requires_grad_(False)


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


def bytes_per_weight(config: Quantization, dtype: "torch.dtype") -> float:
    """Of each number of a linear layer's weight.

    Scales of 4-bit blocks of 64 are float32, or 8 bits and a float32 for 256 of them (Dettmers et
    al. 2023, section 3); those of int8 belong to rows, and are not counted.

    Args:
        dtype: of weights that are not quantised.
    """
    if isinstance(config, NF4 | FP4):
        return 0.5 + (1 / 64 + 4 / (64 * 256) if config.double_quantization else 4 / 64)
    return 1.0 if isinstance(config, Int8) else float(dtype.itemsize)
