"""No adapter: the model's own weights are trained."""

from typing import TYPE_CHECKING, Literal

from peftline.adapters.plan import Plan
from peftline.config import Config

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class NoAdapter(Config):
    """Full fine-tuning: every weight, held in float32 while it trains."""

    type: Literal["none"] = "none"


def build(config: NoAdapter, model: "PreTrainedModel", plan: Plan) -> "PreTrainedModel":
    """Make all of `model` trainable, in place; it still computes in its own type."""
    return model.float().requires_grad_(True)
