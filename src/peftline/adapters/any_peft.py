"""Any adapter of PEFT by its own name and arguments."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import model_validator

from peftline.adapters.plan import Plan
from peftline.adapters.wrap import wrap
from peftline.config import Config, nearest

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel


# What PEFT 0.21 has no merge for.
NEVER_MERGED = (
    "ADAPTION_PROMPT",
    "BEFT",
    "CARTRIDGE",
    "LILY",
    "P_TUNING",
    "PREFIX_TUNING",
    "PROMPT_TUNING",
    "SHADOW",
)
# These want more with each row than tokens: the number of its task, the kinds of its tokens, other
# adapters.
_WANTS_MORE = ("CPT", "MULTITASK_PROMPT_TUNING", "POLY", "XLORA")


class AnyPeft(Config):
    """What PEFT has beyond the adapters with a type of their own here, such as LOHA or LOKR."""

    type: Literal["peft"] = "peft"
    peft_type: str
    """A name of `peft.PeftType`."""
    arguments: dict[str, Any] = {}
    """Keyword arguments of its configuration. `target_modules` is `all-linear` unless it is given,
    `task_type` always `CAUSAL_LM`."""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        """Raises ValueError: PEFT has no such type, or the type no such argument."""
        if self.peft_type in _WANTS_MORE:
            raise ValueError(f"{self.peft_type} wants more with each row than its tokens")
        fields = _config_class(self.peft_type).__dataclass_fields__
        unknown = sorted(set(self.arguments) - set(fields))
        if unknown:
            hints = [f"'{name}': {nearest(name, list(fields))}" for name in unknown]
            raise ValueError(f"{self.peft_type} has no such arguments: {' '.join(hints)}")
        return self


def build(config: AnyPeft, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: PEFT refuses the arguments, or the adapter for this model.
    """
    made = _config_class(config.peft_type)
    arguments = {"task_type": "CAUSAL_LM", **config.arguments}
    if "target_modules" in made.__dataclass_fields__:
        arguments.setdefault("target_modules", "all-linear")
    return wrap(model, made(**arguments))


def _config_class(name: str) -> "type[PeftConfig]":
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    known = {str(kind.value): made for kind, made in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    if name not in known:
        raise ValueError(f"PEFT has no type '{name}'. {nearest(name, list(known))}")
    return known[PeftType(name).value]
