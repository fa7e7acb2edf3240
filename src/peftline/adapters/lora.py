"""LoRA: a low-rank update beside frozen linear layers."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters.targets import resolve_targets
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Lora(Config):
    """W + (alpha / rank) * B @ A on chosen linear layers (Hu et al. 2021, arXiv:2106.09685).

    Trains rank * (in_features + out_features) parameters per layer.
    """

    type: Literal["lora"] = "lora"
    rank: int = Field(16, ge=1, le=1024)
    """Rank of the update. 8 suffices for style and format, 16 to 64 for a new domain."""
    alpha: float = Field(32.0, gt=0)
    """Numerator of the scale; alpha = 2 * rank keeps the learning rate valid across ranks."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On the adapter's input. Off: its masks cost 20 to 35 % of a step on a CPU."""
    target_modules: str | list[str] = "all-linear"
    """`all-linear` (every linear layer but the head), or names or endings of layers."""


def build(config: Lora, model: "PreTrainedModel") -> "PeftModel":
    """Wrap `model` in place; the base stays frozen, the adapter's tensors are float32.

    Raises:
        PeftlineError: no linear layer matches; the message lists those that exist.
    """
    from peft import LoraConfig, get_peft_model

    peft_config = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=resolve_targets(config.target_modules, model),
    )
    return get_peft_model(model, peft_config)
