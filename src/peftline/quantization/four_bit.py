"""Weights in 4 bits, by bitsandbytes."""

from typing import TYPE_CHECKING, ClassVar, Literal

from peftline.config import Config

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig


class NF4(Config):
    """4-bit NormalFloat in blocks of 64 (Dettmers et al. 2023, arXiv:2305.14314)."""

    libraries: ClassVar[tuple[str, ...]] = ("bitsandbytes",)
    type: Literal["nf4"] = "nf4"
    double_quantization: bool = True
    """Quantise the block scales too: 4.13 instead of 4.5 bits a weight."""


class FP4(Config):
    """4-bit floating point in blocks of 64; NF4's levels fit normally distributed weights better
    (Dettmers et al. 2023)."""

    libraries: ClassVar[tuple[str, ...]] = ("bitsandbytes",)
    type: Literal["fp4"] = "fp4"
    double_quantization: bool = True
    """Quantise the block scales too: 4.13 instead of 4.5 bits a weight."""


def loading_config(config: NF4 | FP4, compute_dtype: "torch.dtype") -> "BitsAndBytesConfig":
    """What `from_pretrained(quantization_config=…)` takes."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=config.type,
        bnb_4bit_use_double_quant=config.double_quantization,
        bnb_4bit_compute_dtype=compute_dtype,
    )
