"""The adapter axis: from a name to a typed config and a build function.

A new adapter is one module beside `lora.py` and one entry in `types.py`; what it can do stands in
`peftline.capabilities`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftline.adapters import lora, own_format
from peftline.adapters.companions import Companions
from peftline.adapters.plan import Plan as Plan
from peftline.adapters.types import TYPES
from peftline.adapters.types import Adapter as Adapter
from peftline.adapters.wrap import inputs_kept as inputs_kept

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def build(config: Any, model: "PreTrainedModel", plan: Plan | None = None) -> "PeftModel":
    """Wrap `model` with the adapter that `config` describes; without one it stays what it is.

    Args:
        plan: of the run; by default one of a single step without rows.

    Raises:
        PeftlineError: the adapter does not fit the model or the run.
    """
    return TYPES[type(config)].build(config, model, plan or Plan())


def counts(model: Any) -> tuple[int, int]:
    """Parameters that train, and all; 4-bit weights count as what they stand for."""
    if hasattr(model, "get_nb_trainable_parameters"):
        return model.get_nb_trainable_parameters()
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, model.num_parameters()


def saved_parameters(config: Any, model: Any) -> int:
    """About how many numbers the adapter's file will hold."""
    if own_format.has(config):
        return own_format.size(config, model)
    return (2 if saved_as_difference(config) else 1) * counts(model)[0]


def saved_as_difference(config: Any) -> bool:
    """Whether what is saved is the difference to the beginning, for the untouched base alone."""
    return getattr(config, "initialization", None) in lora.SAVED_AS_DIFFERENCE


def companions(config: Any, model: Any, plan: Plan) -> Companions:
    """What the adapter adds to the trainer."""
    return TYPES[type(config)].companions(config, model, plan)


def finish(config: Any, model: Any) -> Any:
    """What is delivered of a trained model: itself, but for methods that end in the base."""
    return TYPES[type(config)].finish(model)


def keep_initial(config: Any, model: "PeftModel", folder: Path) -> Path | None:
    """Save an adapter that starts as more than no change, so that its start can be taken back.

    Called before training. `PeftModel.save_pretrained` gives the difference to it, which belongs to
    the untouched base.

    Returns:
        Where it lies; None for adapters that are saved as they are.
    """
    if not saved_as_difference(config):
        return None
    model.save_pretrained(folder / "initial")
    return folder / "initial"
