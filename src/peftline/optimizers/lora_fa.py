"""LoRA-FA: the second matrix of LoRA alone."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.config import Config

if TYPE_CHECKING:
    import torch
    from peft import PeftModel


class LoraFa(Config):
    """AdamW on LoRA's B alone; A stays as it began (Zhang et al. 2023, arXiv:2308.03303).

    The gradient of B is corrected so that the update of the whole weight is the nearest that a
    fixed A allows (`peft.optimizers.create_lorafa_optimizer`).
    """

    type: Literal["lora_fa"] = "lora_fa"
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""


def build(config: LoraFa, model: "PeftModel", learning_rate: float) -> "torch.optim.Optimizer":
    """`peft.optimizers.create_lorafa_optimizer`, which freezes every A."""
    from peft.optimizers import create_lorafa_optimizer

    lora = model.peft_config["default"]
    return create_lorafa_optimizer(
        model, lora.r, lora.lora_alpha, learning_rate, config.weight_decay
    )
