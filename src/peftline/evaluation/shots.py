"""Worked examples for the base model's few-shot score."""

import json
import random
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from peftline.formats.example import Example

# Training examples among which the shots are chosen: the first ones, if there are so many, so that
# the base's score does not change with the number of training rows. 640 keeps the shots of all
# results before there were more rows.
_FROM = 640
_SEED = 0  # the same shots for every run: the base's score is a fixed yardstick


class Draws(NamedTuple):
    """Sets of worked examples, or why there are none."""

    sets: list[list[Example]]
    why_none: str = ""


def draw(train: Iterable[Example], count: int, draws: int) -> Draws:
    """Several sets of worked examples; none, with the reason, if too few examples can be shown.

    Single exchanges are drawn, with or without a system message and tools; conversations of
    several turns, as a whole, only where there are too few of those.
    """
    if not count:
        return Draws([], "evaluation.few_shot is 0")
    first = list(islice(train, _FROM))
    answered = [example for example in first if _can_be_shown(example)]
    single = [example for example in answered if len(_without_system(example)) == 2]
    pool = single if len(single) >= count else answered
    if len(pool) < count:
        reason = (
            f"of the first {len(first)} training examples, {len(pool)} are requests with an "
            f"answer, and evaluation.few_shot is {count}"
        )
        return Draws([], reason)
    return Draws([choose(pool, count, seed) for seed in range(_SEED, _SEED + draws)])


def choose(train: list[Example], count: int, seed: int = _SEED) -> list[Example]:
    """Draw worked examples from the shorter half, each with another answer if there are enough."""
    shorter = sorted(train, key=_length)
    pool = shorter[: max(count, len(shorter) // 2)]
    random.Random(seed).shuffle(pool)  # noqa: S311
    different = list({example.answer_with_calls: example for example in pool}.values())
    return (different + pool)[:count]


def _can_be_shown(example: Example) -> bool:
    """Whether it goes from a request to an answer that is to be imitated."""
    if example.kind == "desirability" and not example.label:
        return False
    roles = _without_system(example)
    return roles[:1] == ["user"] and roles[-1:] == ["assistant"]


def _without_system(example: Example) -> list[str]:
    """The roles of its turns, but for a system message at the beginning."""
    roles = [turn.role for turn in example.turns]
    return roles[1:] if roles[:1] == ["system"] else roles


def _length(example: Example) -> int:
    """Characters that a prompt with this example has more."""
    calls = [call.model_dump() for turn in example.turns for call in turn.tool_calls]
    texts = sum(len(turn.text) for turn in example.turns)
    return texts + sum(len(json.dumps(shown)) for shown in [*example.tools, *calls])
