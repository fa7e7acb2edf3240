"""Any adapter of PEFT by its own name and arguments."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import model_validator

from peftline.adapters.plan import Plan
from peftline.adapters.wrap import wrap
from peftline.config import Config, nearest
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel


# What PEFT 0.21 cannot merge into layers without a bias, or not at all.
NEVER_MERGED = ("ADAPTION_PROMPT", "BEFT", "LILY")
# What fails on a base in 4 bits with PEFT 0.21.2 and bitsandbytes 0.50 on a CPU.
NOT_IN_FOUR_BITS = (
    "ADAMSS",
    "DEFT",
    "DELORA",
    "FROD",
    "GLORA",
    "LOHA",
    "LOKR",
    "OSF",
    "PEANUT",
    "PSOFT",
    "SUPERTUNING",
    "TINYLORA",
)
# What PEFT itself names as made for 8 bits.
IN_EIGHT_BITS = ("BOFT", "HIRA", "PVERA", "RANDLORA", "ROAD")
# These have a type of their own here, with what they need beside PEFT's configuration.
_OWN = (
    "ADALORA",
    "HRA",
    "IA3",
    "LN_TUNING",
    "LORA",
    "MISS",
    "OFT",
    "P_TUNING",
    "PREFIX_TUNING",
    "PROMPT_TUNING",
    "SHIRA",
    "VERA",
)
# These want more than the tokens of a row (its task, kinds of tokens, other adapters), or a loss of
# their own.
WANTS_MORE = ("CARTRIDGE", "CPT", "MULTITASK_PROMPT_TUNING", "POLY", "SHADOW", "XLORA")
# These do not mean linear layers by `target_modules`.
_OTHER_TARGETS = ("ADAPTION_PROMPT", "BEFT", "TRAINABLE_TOKENS")


class AnyPeft(Config):
    """What PEFT has beyond the adapters with a type of their own here, such as LOHA or LOKR."""

    type: Literal["peft"] = "peft"
    peft_type: str
    """A name of `peft.PeftType`."""
    arguments: dict[str, Any] = {}
    """Keyword arguments of its configuration. `target_modules` is `all-linear` unless it is given,
    where it means linear layers."""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        """Raises ValueError: PEFT has no such type, or the type no such argument."""
        if self.peft_type in WANTS_MORE:
            raise ValueError(f"{self.peft_type} wants more with each row than its tokens")
        if self.peft_type in _OWN:
            raise ValueError(f"{self.peft_type} has a type of its own: {self.peft_type.lower()}")
        for key in ("task_type", "use_asa"):  # set here; wants a callback
            if key in self.arguments:
                raise ValueError(f"{self.peft_type}: '{key}' cannot be given")
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
    arguments = {**config.arguments, "task_type": "CAUSAL_LM"}
    if "target_modules" in made.__dataclass_fields__ and config.peft_type not in _OTHER_TARGETS:
        arguments.setdefault("target_modules", "all-linear")
    try:
        peft_config = made(**arguments)
    except (TypeError, ValueError) as error:
        raise PeftlineError(f"adapter.arguments of {config.peft_type}: {error}") from error
    return wrap(model, peft_config)


def _config_class(name: str) -> "type[PeftConfig]":
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    known = {str(kind.value): made for kind, made in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    if name not in known:
        raise ValueError(f"PEFT has no type '{name}'. {nearest(name, list(known))}")
    return known[name]
