"""What the sources of values and the tools share: splits, and a value with its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Value = str | int | float | bool | list[str] | None


@dataclass(frozen=True)
class Drawn:
    """One value, with the words in which the request mentions it."""

    text: str
    value: Value
