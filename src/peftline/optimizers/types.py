"""Every type of optimizer. Nothing else stands here: see `peftline.sources`."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, Union

from pydantic import Field

from peftline.optimizers import adamw, adamw_8bit, galore, lora_fa, lora_plus
from peftline.optimizers.adamw import AdamW
from peftline.optimizers.adamw_8bit import AdamW8Bit
from peftline.optimizers.galore import GaLore
from peftline.optimizers.lora_fa import LoraFa
from peftline.optimizers.lora_plus import LoraPlus


class _Type(NamedTuple):
    """What a type of optimizer does in a run: one of the two makes it."""

    arguments: Callable[[Any], dict[str, Any]] = lambda config: {}
    """The part of `transformers.TrainingArguments` by which the trainer makes it."""
    build: Callable[..., Any] = lambda config, model, learning_rate: None
    """From (config, model, learning rate) to the optimizer."""


TYPES: dict[Any, _Type] = {
    AdamW: _Type(arguments=adamw.arguments),
    AdamW8Bit: _Type(arguments=adamw_8bit.arguments),
    LoraPlus: _Type(build=lora_plus.build),
    LoraFa: _Type(build=lora_fa.build),
    GaLore: _Type(arguments=galore.arguments),
}

ONLY_FOR_LORA = (LoraPlus, LoraFa)

Optimizer = Annotated[Union[tuple(TYPES)], Field(discriminator="type")]  # noqa: UP007
