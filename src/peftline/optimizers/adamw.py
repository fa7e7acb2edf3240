"""AdamW, which transformers makes."""

from typing import Any, Literal

from pydantic import Field

from peftline.config import Config


class AdamW(Config):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""

    type: Literal["adamw"] = "adamw"
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""
    beta1: float = Field(0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Decay of the mean of their squares."""


def arguments(config: AdamW) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to it."""
    return {
        "optim": "adamw_torch_fused",
        "weight_decay": config.weight_decay,
        "adam_beta1": config.beta1,
        "adam_beta2": config.beta2,
    }
