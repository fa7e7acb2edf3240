"""Pools of free text; a value belongs to exactly one split, in all pools together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tools import Split


@dataclass(frozen=True)
class Pool:
    """Values of one kind. A split that no tool draws from may be empty."""

    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def of(self, split: Split) -> tuple[str, ...]:
        """The values that `split` may use."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]


def pool(train: str = "", validation: str = "", test: str = "") -> Pool:
    """A pool from lists that are written with semicolons between the values."""
    return Pool(*(parts(values) for values in (train, validation, test)))


def parts(values: str) -> tuple[str, ...]:
    """The values of a list with semicolons, with line breaks and indentation removed."""
    return tuple(" ".join(value.split()) for value in values.split(";") if value.strip())
