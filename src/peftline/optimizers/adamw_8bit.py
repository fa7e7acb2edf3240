"""AdamW with states in 8 bits, which transformers takes from bitsandbytes."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from peftline.config import Config


class AdamW8Bit(Config):
    """AdamW with its two states in 8 bits (Dettmers et al. 2022, arXiv:2110.02861).

    Tensors of fewer than 4,096 values keep 32 bits, which is bitsandbytes' rule. On an adapter it
    saves megabytes; it is meant for full fine-tuning.
    """

    libraries: ClassVar[tuple[str, ...]] = ("bitsandbytes",)
    type: Literal["adamw_8bit"] = "adamw_8bit"
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""
    beta1: float = Field(0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Decay of the mean of their squares."""
    paged: bool = False
    """Let states move to the host's memory when a GPU's is full (Dettmers et al. 2023,
    arXiv:2305.14314). Without a GPU they stay where they are."""


def arguments(config: AdamW8Bit) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to it."""
    import torch

    # Without a GPU bitsandbytes cannot make states that move, nor is there where to.
    moves = config.paged and torch.cuda.is_available()
    return {
        "optim": "paged_adamw_8bit" if moves else "adamw_8bit",
        "weight_decay": config.weight_decay,
        "adam_beta1": config.beta1,
        "adam_beta2": config.beta2,
    }
