"""The optimizer axis: how gradients become steps."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from peftline.config import Config

if TYPE_CHECKING:
    import torch
    from peft import PeftModel


class AdamW(Config):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""

    type: Literal["adamw"] = "adamw"
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""
    beta1: float = Field(0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Decay of the mean of their squares."""


class AdamW8Bit(Config):
    """AdamW with its two states in 8 bits (Dettmers et al. 2022, arXiv:2110.02861).

    Tensors of fewer than 4,096 values keep 32 bits, which is bitsandbytes' rule. On an adapter it
    saves megabytes; it is meant for full fine-tuning.
    """

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


class LoraFa(Config):
    """AdamW on LoRA's B alone; A stays as it began (Zhang et al. 2023, arXiv:2308.03303).

    The gradient of B is corrected so that the update of the whole weight is the nearest that a
    fixed A allows (`peft.optimizers.create_lorafa_optimizer`).
    """

    type: Literal["lora_fa"] = "lora_fa"
    weight_decay: float = Field(0.0, ge=0)
    """Off: an adapter is small and starts at zero change."""


class GaLore(Config):
    """AdamW whose states belong to a low-rank projection of the gradients (Zhao et al. 2024,
    arXiv:2403.03507). Trains all weights of the layers with the memory of few; no adapter."""

    type: Literal["galore"] = "galore"
    rank: int = Field(128, ge=1)
    """Of the projection; the paper takes a quarter of the width."""
    update_gap_steps: int = Field(50, ge=1)
    """Steps between two decompositions of the gradients; 200 in the paper's runs of thousands."""
    scale: float = Field(0.25, gt=0)
    """Of the projected step; the paper's alpha."""


Optimizer = Annotated[AdamW | AdamW8Bit | LoraPlus | LoraFa | GaLore, Field(discriminator="type")]

ONLY_FOR_LORA = (LoraPlus, LoraFa)


def arguments(config: Optimizer) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to the optimizer."""
    if isinstance(config, LoraPlus | LoraFa):
        return {}  # `build` has made it
    if isinstance(config, GaLore):
        return {
            "optim": "galore_adamw",
            # transformers takes linear layers only, but the head among them.
            "optim_target_modules": r"(?!lm_head$).*",
            "optim_args": f"rank={config.rank}, update_proj_gap={config.update_gap_steps}, "
            f"scale={config.scale}",
        }
    name = "adamw_torch_fused"
    if isinstance(config, AdamW8Bit):
        import torch

        # Without a GPU bitsandbytes cannot make states that move, nor is there where to.
        moves = config.paged and torch.cuda.is_available()
        name = "paged_adamw_8bit" if moves else "adamw_8bit"
    return {
        "optim": name,
        "weight_decay": config.weight_decay,
        "adam_beta1": config.beta1,
        "adam_beta2": config.beta2,
    }


def build(
    config: Optimizer, model: "PeftModel", learning_rate: float
) -> "torch.optim.Optimizer | None":
    """An optimizer that the trainer cannot make by itself; None if it can.

    `lora_fa` freezes A.
    """
    if isinstance(config, LoraPlus):
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
    if isinstance(config, LoraFa):
        from peft.optimizers import create_lorafa_optimizer

        lora = model.peft_config["default"]
        return create_lorafa_optimizer(
            model, lora.r, lora.lora_alpha, learning_rate, config.weight_decay
        )
    return None
