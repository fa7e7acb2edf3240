"""Sources of days, times of day and lengths of time, written as people write them.

A tool names them in YAML by their name alone: `day: date`.
"""

from __future__ import annotations

import datetime
import random
from typing import ClassVar

from .drawn import Drawn, Split
from .values import WORDS, Source, in_words

MONTHS = (
    "January February March April May June July August September October November December"
).split()


class Date(Source):
    """A day of 2025 to 2027, mostly as it goes into the call: a small model must copy first."""

    type: ClassVar[str] = "YYYY-MM-DD"

    date: None = None

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Draw a day: its wording and its ISO form."""
        day = datetime.date(2025, 1, 1) + datetime.timedelta(days=rng.randrange(3 * 365))
        month, nth = MONTHS[day.month - 1], f"{day.day}{ordinal_ending(day.day)}"
        forms = [day.isoformat()] * 12 + [
            f"{day.day} {month} {day.year}",
            f"{month} {day.day}, {day.year}",
            f"the {nth} of {month} {day.year}",
        ]
        return Drawn(rng.choice(forms), day.isoformat())


class Clock(Source):
    """A time between 07:00 and 21:45, in quarters: mostly `19:30`, also `7:30 pm` or in words."""

    type: ClassVar[str] = "HH:MM"

    clock: None = None

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Draw a time: its wording and its `HH:MM` form."""
        hour, minute = rng.choice((*range(7, 12), *range(13, 22))), rng.choice((0, 15, 30, 45))
        half, short = ("am" if hour < 12 else "pm"), (hour - 1) % 12 + 1
        forms = [f"{hour:02}:{minute:02}"] * 10 + [f"{short}:{minute:02} {half}"]
        part = "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"
        spoken = {
            0: f"{WORDS[short]} in the {part}",
            15: f"quarter past {WORDS[short]} in the {part}",
            30: f"half past {WORDS[short]} in the {part}",
            45: f"quarter to {WORDS[short % 12 + 1]} in the {part}",
        }
        forms.append(spoken[minute])
        if minute == 0:
            forms.append(f"{short} {half}")
        return Drawn(rng.choice(forms), f"{hour:02}:{minute:02}")


class Minutes(Source):
    """A length of time in minutes: `20 minutes`, `half an hour`, `two hours`."""

    type: ClassVar[str] = "integer"

    minutes: None = None

    def draw(self, rng: random.Random, split: Split) -> Drawn:
        """Draw a length: its wording and its minutes."""
        if rng.random() < 0.3:
            forms = {"half an hour": 30, "an hour": 60, "an hour and a half": 90, "two hours": 120}
            return Drawn(*rng.choice(tuple(forms.items())))
        value = rng.choice((5, 8, 10, 12, 15, 20, 25, 35, 40, 45, 50, 55))
        return Drawn(f"{in_words(value, rng)} minutes", value)


def ordinal_ending(day: int) -> str:
    """`st` of 1st, 21st and 31st, and so on."""
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
