"""What a tool is: its signature, and the phrasings in which people ask for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from .drawn import Split
from .moments import Clock, Date, Minutes
from .values import Choice, Code, Decimal, Listing, Money, Percent, Text, Whole

SOURCES = (
    "text list code whole decimal money percent choice date clock minutes"  # fields of the classes
).split()
SEGMENT = re.compile(r"\[([^]]*)\]")
FIELD = re.compile(r"\{(\w+)\}")
MOST_PARAMETERS = 4
LEAST_COMMANDS = 3
"""Phrasings that a tool needs besides its questions."""
BESIDE_TALK = 2
"""Tools on offer beside a kind of small talk, where a split has tools for that alone."""


def spelt_out(value: Any) -> Any:
    """`date` is short for `{date: null}`."""
    return {value: None} if isinstance(value, str) else value


def source_of(value: Any) -> str | None:
    """The field of a value source that names its class."""
    given = value if isinstance(value, dict) else {}
    return next((name for name in SOURCES if name in given), None)


Source = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[Listing, Tag("list")]
    | Annotated[Code, Tag("code")]
    | Annotated[Whole, Tag("whole")]
    | Annotated[Decimal, Tag("decimal")]
    | Annotated[Money, Tag("money")]
    | Annotated[Percent, Tag("percent")]
    | Annotated[Choice, Tag("choice")]
    | Annotated[Date, Tag("date")]
    | Annotated[Clock, Tag("clock")]
    | Annotated[Minutes, Tag("minutes")],
    Discriminator(
        source_of,
        custom_error_type="unknown_source",
        custom_error_message=f"no source of values; there are {', '.join(SOURCES)}",
    ),
    BeforeValidator(spelt_out),
]
Name = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool."""

    name: str
    source: Source
    optional: bool

    @property
    def type(self) -> str:
        """The type as the prompt shows it, with a question mark where null is allowed."""
        return self.source.type + ("?" if self.optional else "")


class Tool(BaseModel):
    """One tool, and how people ask for it.

    A phrasing is a lower-case command (`add {product} to my basket`), or a question if it ends in
    a question mark. `{name}` stands for the words of an argument; `[...]` is a segment that is
    sometimes left out, and it alone may mention optional parameters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    does: str = ""
    """What the prompt says about it."""
    takes: dict[Name, Source] = {}
    """Parameters that every request mentions."""
    may_take: dict[Name, Source] = {}
    """Parameters that some requests leave out: the argument is null then."""
    asked: tuple[str, ...] = ()
    """Phrasings. A tool without them is only on offer beside others."""
    two_calls: bool = False
    """Whether it is asked for only together with the other such tool of its domain."""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, in the order of the signature."""
        required = [Parameter(name, source, False) for name, source in self.takes.items()]
        optional = [Parameter(name, source, True) for name, source in self.may_take.items()]
        return (*required, *optional)

    @cached_property
    def signature(self) -> str:
        """The line that a prompt shows: what the tool does, and a call with types for values."""
        types = {parameter.name: parameter.type for parameter in self.parameters}
        return f"{self.does}: {json.dumps({'name': self.name, 'arguments': types})}"

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """The phrasings that can follow `please`; the only ones that two-call requests join."""
        return tuple(phrasing for phrasing in self.asked if not phrasing.endswith("?"))

    @model_validator(mode="after")
    def _fits_its_phrasings(self) -> Tool:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        required, optional = set(self.takes), set(self.may_take)
        names = required | optional
        if not 1 <= len(names) <= MOST_PARAMETERS:
            yield f"it has {len(names)} parameters, not 1 to {MOST_PARAMETERS}"
        yield from (f"{name} is both in takes and in may_take" for name in required & optional)
        if not self.asked:
            return
        if len(self.commands) < LEAST_COMMANDS or len(set(self.asked)) < len(self.asked):
            yield f"it needs {LEAST_COMMANDS} different phrasings that are no questions"
        mentioned: set[str] = set()
        for phrasing in self.asked:
            fields = set(FIELD.findall(phrasing))
            always = set(FIELD.findall(SEGMENT.sub("", phrasing)))
            mentioned |= fields
            yield from (f"{phrasing!r}: {name} is no parameter" for name in sorted(fields - names))
            yield from (
                f"{phrasing!r}: {name} is required, and must stand outside brackets"
                for name in sorted(required - always)
            )
            yield from (
                f"{phrasing!r}: {name} is optional, and must stand in brackets"
                for name in sorted(optional & always)
            )
            if not phrasing[:1].islower():
                yield f"{phrasing!r} does not begin with a small letter"
        yield from (f"no phrasing mentions {name}" for name in sorted(optional - mentioned))


class Domain(BaseModel):
    """The tools of one domain by the split in which they occur, needed or only on offer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: tuple[Tool, ...] = ()
    validation: tuple[Tool, ...] = ()
    test: tuple[Tool, ...] = ()

    def of(self, split: Split) -> tuple[Tool, ...]:
        """The tools of one split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]
