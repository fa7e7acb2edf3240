"""The adapter axis: from a name to a typed config and a build function.

A new adapter is one module beside `lora.py` and one entry in `_BUILDERS`; what it can do stands in
`peftline.capabilities`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from peftline.adapters import (
    adalora,
    any_peft,
    bottleneck,
    ia3,
    lora,
    miss,
    none,
    norms,
    prompts,
    relora,
    rotations,
    shira,
    vera,
)
from peftline.adapters.companions import Companions
from peftline.adapters.plan import Plan as Plan
from peftline.adapters.wrap import inputs_kept as inputs_kept

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

_BUILDERS: dict[Any, Callable[..., "PeftModel"]] = {
    lora.Lora: lora.build,
    adalora.AdaLora: adalora.build,
    vera.Vera: vera.build,
    ia3.Ia3: ia3.build,
    norms.LnTuning: norms.build,
    rotations.Oft: rotations.build_oft,
    rotations.Hra: rotations.build_hra,
    miss.Miss: miss.build,
    shira.Shira: shira.build,
    prompts.PromptTuning: prompts.build_prompt,
    prompts.PTuning: prompts.build_p_tuning,
    prompts.PrefixTuning: prompts.build_prefix,
    any_peft.AnyPeft: any_peft.build,
    relora.ReLora: relora.build,
    bottleneck.Bottleneck: bottleneck.build,
    none.NoAdapter: none.build,
}

Adapter = Annotated[Union[tuple(_BUILDERS)], Field(discriminator="type")]  # noqa: UP007


def build(config: Any, model: "PreTrainedModel", plan: Plan | None = None) -> "PeftModel":
    """Wrap `model` with the adapter that `config` describes; without one it stays what it is.

    Args:
        plan: of the run; by default one of a single step without rows.

    Raises:
        PeftlineError: the adapter does not fit the model or the run.
    """
    return _BUILDERS[type(config)](config, model, plan or Plan())


def counts(model: Any) -> tuple[int, int]:
    """Parameters that train, and all; 4-bit weights count as what they stand for."""
    if hasattr(model, "get_nb_trainable_parameters"):
        return model.get_nb_trainable_parameters()
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, model.num_parameters()


def companions(config: Any, model: Any, plan: Plan) -> Companions:
    """What the adapter adds to the trainer."""
    if isinstance(config, relora.ReLora):
        return relora.companions(config, model, plan)
    if isinstance(config, adalora.AdaLora):
        return adalora.companions(config, model)
    return Companions()


def finish(config: Any, model: Any) -> Any:
    """What is delivered of a trained model: itself, but for methods that end in the base."""
    return relora.finish(model) if isinstance(config, relora.ReLora) else model


def keep_initial(config: Any, model: "PeftModel", folder: Path) -> Path | None:
    """Save an adapter that has changed its base, so that the change can be taken back.

    Called before training. `PeftModel.save_pretrained` gives the difference to it, which belongs to
    the untouched base.

    Returns:
        Where it lies; None for adapters that leave the base as it is.
    """
    if getattr(config, "initialization", None) not in lora.CHANGES_BASE:
        return None
    model.save_pretrained(folder / "initial")
    return folder / "initial"
