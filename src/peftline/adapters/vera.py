"""VeRA: two random matrices that all layers share, and a pair of trained vectors for each."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Vera(Config):
    """W + diag(b) @ B @ diag(d) @ A with frozen, shared A and B (Kopiczko et al. 2023,
    arXiv:2310.11454).

    Trains rank + out_features parameters per layer. A and B are saved with them.
    """

    type: Literal["vera"] = "vera"
    rank: int = Field(256, ge=1, le=4096)
    """Of the shared matrices; costs little to store, so it can be large. 256 is the paper's and
    PEFT's."""
    initial_d: float = Field(0.1, gt=0)
    """Where d starts; b starts at zero."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On the adapter's input."""
    target_modules: Targets = "all-linear"


def build(config: Vera, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches.
    """
    from peft import VeraConfig

    peft_config = VeraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        d_initial=config.initial_d,
        vera_dropout=config.dropout,
        target_modules=resolve_targets(config.target_modules, model),
    )
    return wrap(model, peft_config)
