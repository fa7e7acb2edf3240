"""Sources of values: each draws a value together with one of the ways to write it in a request."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from .pools import Pool
from .tools import Drawn, Split

WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
LETTERS: dict[Split, str] = {"train": "ABCDEFGHKLM", "validation": "NPQR", "test": "STUVWXYZ"}
WORD_SHARE = 0.15
"""Share of the small numbers that are written as words."""


@dataclass(frozen=True)
class Text:
    """Free text from a pool; the value is the text itself."""

    pool: Pool
    type: ClassVar[str] = "string"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """One of the pool's texts."""
        text = rng.choice(self.pool.of(split))
        return Drawn(text, text)


@dataclass(frozen=True)
class Code:
    """An order, ticket or flight number: `A` in the shape is a letter, `9` a digit."""

    shape: str
    type: ClassVar[str] = "string"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number of that shape, with letters of the split's own."""
        choices = {"A": LETTERS[split], "9": "123456789"}
        text = "".join(rng.choice(choices.get(sign, sign)) for sign in self.shape)
        return Drawn(text, text)


@dataclass(frozen=True)
class Listing:
    """One to `most` different values of a pool: `milk, eggs and bread`."""

    pool: Pool
    least: int = 1
    most: int = 4
    type: ClassVar[str] = "list"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Some values, as a list in words."""
        items = rng.sample(self.pool.of(split), rng.randint(self.least, self.most))
        *head, last = items
        comma = "," if len(head) > 1 and rng.random() < 0.3 else ""
        return Drawn(f"{', '.join(head)}{comma} and {last}" if head else last, items)


@dataclass(frozen=True)
class Whole:
    """An integer from `low` (at least 2, so that a plural noun can follow) to `high`."""

    low: int
    high: int
    step: int = 1
    dozen: bool = False
    type: ClassVar[str] = "integer"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number, in digits or words."""
        value = rng.randrange(self.low, self.high + 1, self.step)
        if self.dozen and value == 12:
            return Drawn("a dozen", value)
        return Drawn(in_words(value, rng), value)


@dataclass(frozen=True)
class Decimal:
    """A number from `low` to `high` in halves: `2.5`, `two and a half`, `3`."""

    low: int
    high: int
    type: ClassVar[str] = "number"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number, whole or with a half."""
        whole = rng.randint(self.low, self.high - 1)
        if rng.random() < 0.5:
            return Drawn(in_words(whole, rng), whole)
        spelled = whole < len(WORDS) and rng.random() < WORD_SHARE
        return Drawn(f"{WORDS[whole]} and a half" if spelled else f"{whole}.5", whole + 0.5)


@dataclass(frozen=True)
class Money:
    """An amount of which only the number counts: `$40`, `40 euros`, `£12.50`."""

    low: int
    high: int
    type: ClassVar[str] = "number"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """An amount, in one of the currencies."""
        value = rng.randint(self.low, self.high)
        if rng.random() < 0.25:
            return Drawn(f"{rng.choice('$£€')}{value}.50", value + 0.5)
        forms = ("${}", "£{}", "€{}", "{} dollars", "{} euros", "{} pounds")
        return Drawn(rng.choice(forms).format(value), value)


@dataclass(frozen=True)
class Percent:
    """A share in steps of five: `35%`, `35 percent`."""

    low: int = 5
    high: int = 95
    type: ClassVar[str] = "integer"

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A share, in one of two spellings."""
        value = rng.randrange(self.low, self.high + 1, 5)
        return Drawn(rng.choice(("{}%", "{} percent")).format(value), value)


@dataclass(frozen=True)
class Choice:
    """One of a few values, each with the words that mean it; booleans are choices too."""

    words: tuple[tuple[str, str | bool], ...]

    @property
    def type(self) -> str:
        """What a signature shows: `boolean`, or the values."""
        values = list(dict.fromkeys(value for _, value in self.words))
        return "boolean" if isinstance(values[0], bool) else "|".join(map(str, values))

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A value, in one of its wordings."""
        return Drawn(*rng.choice(self.words))


def one_of(**words: str) -> Choice:
    """An enum: each value with the wordings that mean it, separated by semicolons."""
    return Choice(tuple((text, value) for value in words for text in words[value].split("; ")))


def flag(true: str, false: str) -> Choice:
    """A boolean: the wordings that mean yes and those that mean no."""
    yes, no = true.split("; "), false.split("; ")
    return Choice((*((text, True) for text in yes), *((text, False) for text in no)))


def in_words(value: int, rng: random.Random) -> str:
    """Digits, or for the numbers up to twelve sometimes the word."""
    return WORDS[value] if value < len(WORDS) and rng.random() < WORD_SHARE else str(value)
