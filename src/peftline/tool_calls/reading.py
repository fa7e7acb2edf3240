"""Patterns that find numbers, dates and times in a text, and what they mean."""

from __future__ import annotations

import re
from datetime import date

from .moments import MONTHS
from .values import WORDS

MONTH = "|".join(MONTHS)
DATES = (
    re.compile(r"(?:on |for )?(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"),
    re.compile(r"(?:on |for )?(?P<d>\d\d)/(?P<m>\d\d)/(?P<y>\d{4})"),
    re.compile(rf"(?:on |for )?(?:the )?(?P<d>\d+)\w* (?:of )?(?P<m>{MONTH}) (?P<y>\d{{4}})"),
    re.compile(rf"(?:on |for )?(?P<m>{MONTH}) (?P<d>\d+)\w*, (?P<y>\d{{4}})"),
)
NUMBER_WORD = "|".join(WORDS)
TIMES = (
    re.compile(r"(?:at )?(?P<h>\d\d?):(?P<min>\d\d)(?: (?P<part>am|pm))?"),
    re.compile(r"(?:at )?(?P<h>\d\d?) (?P<part>am|pm)"),
    re.compile(
        r"(?:at )?(?:(?P<min>half past|quarter past|quarter to) )?"
        rf"(?P<h>{NUMBER_WORD}) in the (?P<part>morning|afternoon|evening)"
    ),
)
NUMBER = re.compile(rf"[$£€]?\b(\d+(?:\.\d+)?|{NUMBER_WORD}|a dozen)( and a half)?\b%?(?![\d:/-])")


def read_date(found: re.Match[str]) -> str | None:
    """YYYY-MM-DD, or None for an impossible date."""
    month = found["m"]
    number = MONTHS.index(month) + 1 if month in MONTHS else int(month)
    try:
        return date(int(found["y"]), number, int(found["d"])).isoformat()
    except ValueError:
        return None


def read_time(found: re.Match[str]) -> str:
    """HH:MM on the clock of 24 hours."""
    parts = found.groupdict()
    hour = WORDS.index(parts["h"]) if parts["h"] in WORDS else int(parts["h"])
    spoken = {"half past": "30", "quarter past": "15", "quarter to": "45"}
    minute = spoken.get(parts.get("min") or "", parts.get("min") or "00")
    hour -= parts.get("min") == "quarter to"
    if parts["part"] in {"pm", "afternoon", "evening"} and hour < 12:
        hour += 12
    return f"{hour:02}:{minute}"


def read_number(found: re.Match[str]) -> int | float:
    """An integer where the number is whole."""
    text = found[1]
    value = 12 if text == "a dozen" else WORDS.index(text) if text in WORDS else float(text)
    value += 0.5 if found[2] else 0
    return int(value) if value == int(value) else value
