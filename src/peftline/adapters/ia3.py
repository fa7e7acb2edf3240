"""IA3: activations multiplied with trained vectors."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Ia3(Config):
    """Outputs of some layers, and inputs of others, times a vector (Liu et al. 2022,
    arXiv:2205.05638).

    Trains out_features parameters per layer, in_features where the input is scaled.
    """

    type: Literal["ia3"] = "ia3"
    target_modules: Targets = ["k_proj", "v_proj", "down_proj"]
    """Layers that are scaled: keys, values and the inner states of the feed-forward part, as in the
    paper, by their names in Llama and its kin."""
    input_modules: list[str] = ["down_proj"]
    """Those of them whose input is scaled, not their output."""

    @model_validator(mode="after")
    def _are_targets(self) -> Self:
        """Raises ValueError: the input of a layer that is not scaled cannot be."""
        targets = self.target_modules
        if isinstance(targets, list) and (others := set(self.input_modules) - set(targets)):
            raise ValueError(f"input_modules {sorted(others)} are not among target_modules")
        return self


def build(config: Ia3, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches.
    """
    from peft import IA3Config

    inputs = config.input_modules
    peft_config = IA3Config(
        task_type="CAUSAL_LM",
        target_modules=resolve_targets(config.target_modules, model),
        feedforward_modules=resolve_targets(inputs, model, "input_modules") if inputs else [],
    )
    return wrap(model, peft_config)
