"""Worked examples for the base model's few-shot score."""

import logging
import random
from collections.abc import Iterable
from itertools import islice

from peftline.formats.example import Example

logger = logging.getLogger(__name__)

# Training examples among which the shots are chosen: the first ones, if there are so many, so that
# the base's score does not change with the number of training rows. 640 keeps the shots of all
# results before there were more rows.
_FROM = 640
_SEED = 0  # the same shots for every run: the base's score is a fixed yardstick


def draw(train: Iterable[Example], count: int, draws: int) -> list[list[Example]]:
    """Several sets of worked examples; none, with a warning, if too few examples fit."""
    first = islice(train, _FROM)
    simple = [e for e in first if [m.role for m in e.messages] == ["user", "assistant"]]
    simple = [example for example in simple if not example.tools]
    if len(simple) < count:
        logger.warning(
            "No few-shot score: worked examples are single requests without tools, and %d of "
            "the first %d training examples are.",
            len(simple),
            _FROM,
        )
        return []
    return [choose(simple, count, seed) for seed in range(_SEED, _SEED + draws)]


def choose(train: list[Example], count: int, seed: int = _SEED) -> list[Example]:
    """Draw worked examples from the shorter half, each with another answer if there are enough."""
    shorter = sorted(train, key=lambda e: sum(len(m.text) for m in e.messages))
    pool = shorter[: max(count, len(shorter) // 2)]
    random.Random(seed).shuffle(pool)  # noqa: S311
    different = list({example.answer: example for example in pool}.values())
    return (different + pool)[:count]
