"""LoRA+: the two matrices of LoRA at different rates."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.config import Config

if TYPE_CHECKING:
    import torch
    from peft import PeftModel


class LoraPlus(Config):
    """AdamW with a higher rate for LoRA's B than its A (Hayou et al. 2024, arXiv:2402.12354)."""

    type: Literal["lora_plus"] = "lora_plus"
    ratio: float = Field(16.0, ge=1)
    """Rate of B over that of A, which is `training.learning_rate`. 16 is the paper's."""
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""
    beta1: float = Field(0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Decay of the mean of their squares."""


def build(config: LoraPlus, model: "PeftModel", learning_rate: float) -> "torch.optim.Optimizer":
    """`peft.optimizers.create_loraplus_optimizer`, which groups the parameters by their rate."""
    import torch
    from peft.optimizers import create_loraplus_optimizer

    return create_loraplus_optimizer(
        model,
        torch.optim.AdamW,
        lr=learning_rate,
        loraplus_lr_ratio=config.ratio,
        loraplus_weight_decay=config.weight_decay,
        betas=(config.beta1, config.beta2),
    )
