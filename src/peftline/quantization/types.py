"""Every type of quantization. Nothing else stands here: see `peftline.sources`."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, Union

from pydantic import Field

from peftline.quantization import eight_bit, four_bit
from peftline.quantization.eight_bit import Int8
from peftline.quantization.four_bit import FP4, NF4
from peftline.quantization.none import NoQuantization


class _Type(NamedTuple):
    """What a type of quantization does in a run."""

    loading_config: Callable[..., Any] = lambda config, compute_dtype: None
    """From (config, compute dtype) to what `from_pretrained(quantization_config=…)` takes."""


TYPES: dict[Any, _Type] = {
    NoQuantization: _Type(),
    NF4: _Type(four_bit.loading_config),
    FP4: _Type(four_bit.loading_config),
    Int8: _Type(eight_bit.loading_config),
}

Quantization = Annotated[Union[tuple(TYPES)], Field(discriminator="type")]  # noqa: UP007
