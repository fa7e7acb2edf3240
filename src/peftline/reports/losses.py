"""What a run has recorded, as points of a curve."""

import math
from typing import Any

Point = tuple[float, float]
"""Step and value."""


def points(records: list[dict[str, Any]], name: str) -> list[Point]:
    """Step and value of each record that has this one as a finite number.

    What was no number in training is null in a file.
    """
    return [(one["step"], one[name]) for one in records if is_number(one.get(name))]


def is_number(value: float | None) -> bool:
    """Whether a value is there and finite."""
    return value is not None and math.isfinite(value)
