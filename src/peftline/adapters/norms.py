"""The weights of the norms, trained; everything else frozen."""

from typing import TYPE_CHECKING, Literal

from peftline.adapters.plan import Plan
from peftline.adapters.wrap import wrap
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class LnTuning(Config):
    """Train every norm's weights (Zhao et al. 2023, arXiv:2312.11420).

    Trains hidden_size parameters per norm.
    """

    type: Literal["ln_tuning"] = "ln_tuning"


def build(config: LnTuning, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: the model has no norm with weights.
    """
    from peft import LNTuningConfig

    norms = [name for name, module in model.named_modules() if _is_norm(module)]
    if not norms:
        raise PeftlineError("adapter: ln_tuning trains norms, and the base model has none.")
    return wrap(model, LNTuningConfig(task_type="CAUSAL_LM", target_modules=norms))


def _is_norm(module: object) -> bool:
    """By its class's name: each model family of transformers has its own."""
    return "norm" in type(module).__name__.lower() and getattr(module, "weight", None) is not None
