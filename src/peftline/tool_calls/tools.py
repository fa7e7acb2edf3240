"""What a tool is: its signature, and the phrasings in which people ask for it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Literal, Protocol

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Value = str | int | float | bool | list[str] | None


@dataclass(frozen=True)
class Drawn:
    """One value, with the words in which the request mentions it."""

    text: str
    value: Value


class Source(Protocol):
    """Where the values of a parameter come from."""

    @property
    def type(self) -> str:
        """The type as a signature shows it: `integer`, `HH:MM`, `low|medium|high` ..."""

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Draw one value from those that `split` may use."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool."""

    name: str
    source: Source
    optional: bool = False

    @property
    def type(self) -> str:
        """The type as the prompt shows it, with a question mark where null is allowed."""
        return self.source.type + ("?" if self.optional else "")


@dataclass(frozen=True)
class Tool:
    """One tool, and how people ask for it.

    A phrasing is a lower-case command (`add {product} to my basket`), or a question if it ends in
    a question mark. `{name}` stands for the words of an argument; `[...]` is a segment that is
    sometimes left out, and it alone may mention optional parameters.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    phrasings: tuple[str, ...]
    split: Split = "train"
    """The one split in which the tool occurs, as a target or as a distractor."""

    @property
    def signature(self) -> str:
        """The line that a prompt shows: what the tool does, and a call with types for values."""
        types = {parameter.name: parameter.type for parameter in self.parameters}
        return f"{self.description}: {json.dumps({'name': self.name, 'arguments': types})}"

    @property
    def commands(self) -> tuple[str, ...]:
        """The phrasings that can follow `please`; the only ones that two-call requests join."""
        return tuple(p for p in self.phrasings if not p.endswith("?"))


def required(name: str, source: Source) -> Parameter:
    """A parameter that every request mentions."""
    return Parameter(name, source)


def optional(name: str, source: Source) -> Parameter:
    """A parameter that some requests leave out: its argument is null then."""
    return Parameter(name, source, optional=True)
