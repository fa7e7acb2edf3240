"""Every type of adapter. Nothing else stands here: see `peftline.sources`."""

from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any, NamedTuple, Union

from pydantic import Field

from peftline.adapters import (
    adalora,
    any_peft,
    bottleneck,
    fusion,
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


class _Type(NamedTuple):
    """What a type of adapter does in a run."""

    build: Callable[..., Any]
    """From (config, model, plan) to the model with the adapter."""
    companions: Callable[..., Companions] = lambda config, model, plan: Companions()
    """What it adds to the trainer."""
    finish: Callable[[Any], Any] = lambda model: model
    """From the trained model to the one that is delivered."""
    own_format: ModuleType | None = None
    """How its folder is written and read, where PEFT does not know it: see `own_format.py`."""


TYPES: dict[Any, _Type] = {
    lora.Lora: _Type(lora.build),
    adalora.AdaLora: _Type(adalora.build, adalora.companions),
    vera.Vera: _Type(vera.build),
    ia3.Ia3: _Type(ia3.build),
    norms.LnTuning: _Type(norms.build),
    rotations.Oft: _Type(rotations.build_oft),
    rotations.Hra: _Type(rotations.build_hra),
    miss.Miss: _Type(miss.build),
    shira.Shira: _Type(shira.build),
    prompts.PromptTuning: _Type(prompts.build_prompt),
    prompts.PTuning: _Type(prompts.build_p_tuning),
    prompts.PrefixTuning: _Type(prompts.build_prefix),
    any_peft.AnyPeft: _Type(any_peft.build),
    relora.ReLora: _Type(relora.build, relora.companions, relora.finish),
    bottleneck.Bottleneck: _Type(bottleneck.build, own_format=bottleneck),
    fusion.AdapterFusion: _Type(fusion.build, fusion.companions, own_format=fusion),
    none.NoAdapter: _Type(none.build),
}

Adapter = Annotated[Union[tuple(TYPES)], Field(discriminator="type")]  # noqa: UP007
