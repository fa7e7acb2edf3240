"""Weights in 8 bits, by bitsandbytes."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from peftline.config import Config

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig


class Int8(Config):
    """8-bit integers by rows, outliers among the inputs in 16 bits (LLM.int8(), Dettmers et al.
    2022, arXiv:2208.07339)."""

    libraries: ClassVar[tuple[str, ...]] = ("bitsandbytes",)
    type: Literal["int8"] = "int8"
    outlier_threshold: float = Field(6.0, ge=0)
    """Inputs larger than this are multiplied in 16 bits; 6 is the paper's."""


def loading_config(config: Int8, compute_dtype: "torch.dtype") -> "BitsAndBytesConfig":
    """What `from_pretrained(quantization_config=…)` takes."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=config.outlier_threshold)
