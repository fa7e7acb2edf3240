"""MiSS: one small matrix, shared by all shards of a weight."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Miss(Config):
    """Inputs summed over shards of `rank`, times a matrix (Kang & Yin 2024, arXiv:2409.15371).

    Trains rank * out_features parameters per layer, starting at zero.
    """

    type: Literal["miss"] = "miss"
    rank: int = Field(64, ge=1, le=1024)
    """Rank of the update. With 64 PEFT's comparison gets what LoRA gets with 32."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On the adapter's input."""
    target_modules: Targets = "all-linear"


def build(config: Miss, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches.
    """
    from peft import MissConfig

    peft_config = MissConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        miss_dropout=config.dropout,
        target_modules=resolve_targets(config.target_modules, model),
    )
    return wrap(model, peft_config)
