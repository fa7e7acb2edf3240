"""Sources of values: each draws a value together with one of the ways to write it in a request.

A tool names them in YAML by the field that is called as the source: `{whole: [2, 8]}`.
"""

from __future__ import annotations

import random
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictStr

from .drawn import Drawn, Split
from .pool import PoolByName, Texts

WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
LETTERS: dict[Split, str] = {"train": "ABCDEFGHKLM", "validation": "NPQR", "test": "TUVWXYZ"}
WORD_SHARE = 0.15
"""Share of the small numbers that are written as words."""


def rising(bounds: tuple[int, int]) -> tuple[int, int]:
    """Bounds from at least 2, so that a plural noun can follow."""
    if not 2 <= bounds[0] < bounds[1]:
        raise ValueError("give two rising numbers, the first at least 2")
    return bounds


Bounds = Annotated[tuple[int, int], AfterValidator(rising)]


class Source(BaseModel):
    """Where the values of a parameter come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Source):
    """Free text from a pool; the value is the text itself."""

    type: ClassVar[str] = "string"

    text: PoolByName

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """One of the pool's texts."""
        text = rng.choice(self.text.of(split))
        return Drawn(text, text)


class Code(Source):
    """An order, ticket or flight number: `A` in the shape is a letter, `9` a digit."""

    type: ClassVar[str] = "string"

    code: Annotated[str, Field(min_length=2)]

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number of that shape, with letters of the split's own."""
        choices = {"A": LETTERS[split], "9": "123456789"}
        text = "".join(rng.choice(choices.get(sign, sign)) for sign in self.code)
        return Drawn(text, text)


class Listing(Source):
    """`least` to `most` different values of a pool: `milk, eggs and bread`."""

    type: ClassVar[str] = "list"

    list: PoolByName
    least: Annotated[int, Field(ge=1)] = 1
    most: Annotated[int, Field(ge=2, le=8)] = 4

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Some values, as a list in words."""
        items = rng.sample(self.list.of(split), rng.randint(self.least, self.most))
        *head, last = items
        comma = "," if len(head) > 1 and rng.random() < 0.3 else ""
        return Drawn(f"{', '.join(head)}{comma} and {last}" if head else last, items)


class Whole(Source):
    """An integer between two bounds, both included."""

    type: ClassVar[str] = "integer"

    whole: Bounds
    step: Annotated[int, Field(ge=1)] = 1
    dozen: bool = False
    """Whether 12 is written as `a dozen`."""

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number, in digits or words."""
        value = rng.randrange(self.whole[0], self.whole[1] + 1, self.step)
        if self.dozen and value == 12:
            return Drawn("a dozen", value)
        return Drawn(in_words(value, rng), value)


class Decimal(Source):
    """A number between two bounds in halves: `2.5`, `two and a half`, `3`."""

    type: ClassVar[str] = "number"

    decimal: Bounds

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A number, whole or with a half."""
        whole = rng.randint(self.decimal[0], self.decimal[1] - 1)
        if rng.random() < 0.5:
            return Drawn(in_words(whole, rng), whole)
        spelled = whole < len(WORDS) and rng.random() < WORD_SHARE
        return Drawn(f"{WORDS[whole]} and a half" if spelled else f"{whole}.5", whole + 0.5)


class Money(Source):
    """An amount of which only the number counts: `$40`, `40 euros`, `£12.50`."""

    type: ClassVar[str] = "number"

    money: Bounds

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """An amount, in one of the currencies."""
        value = rng.randint(*self.money)
        if rng.random() < 0.25:
            return Drawn(f"{rng.choice('$£€')}{value}.50", value + 0.5)
        forms = ("${}", "£{}", "€{}", "{} dollars", "{} euros", "{} pounds")
        return Drawn(rng.choice(forms).format(value), value)


class Percent(Source):
    """A share in steps of five: `35%`, `35 percent`."""

    type: ClassVar[str] = "integer"

    percent: Bounds

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A share, in one of two spellings."""
        value = rng.randrange(self.percent[0], self.percent[1] + 1, 5)
        return Drawn(rng.choice(("{}%", "{} percent")).format(value), value)


def one_type(choice: dict[bool | str, Texts]) -> dict[bool | str, Texts]:
    """Both truth values, or at least two names, each with words."""
    names = {value for value in choice if isinstance(value, str)}
    if len(choice) < 2 or len(names) not in {0, len(choice)} or not all(choice.values()):
        raise ValueError("give words for true and for false, or for each of two or more names")
    return choice


class Choice(Source):
    """One of a few values, each with the words that mean it; booleans are choices too."""

    choice: Annotated[dict[StrictBool | StrictStr, Texts], AfterValidator(one_type)]

    @property
    def type(self) -> str:
        """What a signature shows: `boolean`, or the values."""
        return "boolean" if True in self.choice else "|".join(map(str, self.choice))

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """A value, in one of its wordings."""
        words = [(text, value) for value, texts in self.choice.items() for text in texts]
        return Drawn(*rng.choice(words))


def in_words(value: int, rng: random.Random) -> str:
    """Digits, or for the numbers up to twelve sometimes the word."""
    return WORDS[value] if value < len(WORDS) and rng.random() < WORD_SHARE else str(value)
