"""Pools of free text (`pools/*.yml`): a value belongs to exactly one split, in all together."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from .drawn import Split


def parts(value: Any) -> Any:
    """The texts of a list that is written with semicolons; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(" ".join(text.split()) for text in value.split(";") if text.strip())


Texts = Annotated[tuple[str, ...], BeforeValidator(parts)]


class Pool(BaseModel):
    """Values of one kind. A split that no tool draws from may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: Texts = ()
    validation: Texts = ()
    test: Texts = ()

    def of(self, split: Split) -> tuple[str, ...]:
        """The values that `split` may use."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]


def named(name: Any, info: ValidationInfo) -> Any:
    """The pool of a name, from those in the context of the validation."""
    pools: dict[str, Pool] = info.context or {}
    if not isinstance(name, str) or name not in pools:
        raise ValueError(f"there is no pool {name!r}")
    return pools[name]


PoolByName = Annotated[Pool, BeforeValidator(named)]
