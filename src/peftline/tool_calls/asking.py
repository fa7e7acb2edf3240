"""One request in words, together with the call that answers it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .drawn import Drawn, Split, Value
from .tools import FIELD, SEGMENT, Source, Tool

MENTIONED = 0.5
"""Share of the optional parts of a phrasing that are spoken."""


@dataclass(frozen=True)
class Asked:
    """A command or question, still without a frame, and its answer."""

    text: str
    name: str
    arguments: dict[str, Value]

    @property
    def is_question(self) -> bool:
        """Whether it ends in a question mark, so that it needs a frame for questions."""
        return self.text.endswith("?")

    @property
    def details(self) -> int:
        """How many values the request states; each item of a list counts."""
        said = [value for value in self.arguments.values() if value is not None]
        return sum(len(value) if isinstance(value, list) else 1 for value in said)


def ask(rng: random.Random, split: Split, tool: Tool, command: bool = False) -> Asked:
    """Draw a phrasing of `tool` (with `command`, no question) and values for what it mentions."""
    phrasing = rng.choice(tool.commands if command else tool.asked)
    phrasing = SEGMENT.sub(lambda found: found[1] if rng.random() < MENTIONED else "", phrasing)
    mentioned = set(FIELD.findall(phrasing))
    drawn: dict[str, Drawn] = {}
    for parameter in tool.parameters:
        if parameter.name in mentioned:
            drawn[parameter.name] = draw_new(rng, split, parameter.source, drawn)
    text = phrasing.format(**{name: one.text for name, one in drawn.items()})
    said = {name: one.value for name, one in drawn.items()}
    return Asked(text, tool.name, {one.name: said.get(one.name) for one in tool.parameters})


def draw_new(rng: random.Random, split: Split, source: Source, others: dict[str, Drawn]) -> Drawn:
    """Draw a value that no other argument of the request has: nobody travels from Oslo to Oslo."""
    while True:
        drawn = source.draw(rng, split)
        if drawn.value not in [other.value for other in others.values()]:
            return drawn
