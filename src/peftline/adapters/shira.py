"""SHiRA: a few of the weights themselves, chosen at random."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Shira(Config):
    """W + a sparse matrix (Bhardwaj et al. 2024, arXiv:2406.13175).

    Trains rank * (in_features + out_features) weights per layer, as many as LoRA. Their places are
    saved with them, two more numbers for each.
    """

    type: Literal["shira"] = "shira"
    rank: int = Field(16, ge=1, le=1024)
    """Sets the number of weights: that of LoRA with this rank."""
    target_modules: Targets = "all-linear"


def build(config: Shira, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches.
    """
    import torch
    from peft import ShiraConfig

    peft_config = ShiraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        target_modules=resolve_targets(config.target_modules, model),
        # By itself PEFT takes the same places for every seed.
        random_seed=int(torch.randint(2**31, ())),
    )
    return wrap(model, peft_config)
