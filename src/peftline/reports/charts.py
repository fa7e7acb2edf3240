"""Geometry of small charts: where ticks, points and lines stand in a drawing, in pixels."""

import math
from collections.abc import Iterable
from typing import NamedTuple

_ROOM_ABOVE = 0.06  # of the range, so that nothing touches the frame


class Tick(NamedTuple):
    """A mark on an axis."""

    at: float
    label: str


_TICKS = 6  # at most


class Axis:
    """Values to pixels, linear or logarithmic."""

    def __init__(self, values: Iterable[float], length: float, log: bool = False) -> None:
        """Args:
        values: what must have room.
        length: in pixels.
        log: only if all values are above zero.
        """
        found = list(values) or [0.0, 1.0]
        self.log = log and min(found) > 0
        self.length = length
        low, high = self._turned(min(found)), self._turned(max(found))
        room = _ROOM_ABOVE * (high - low) or abs(low) * 0.1 or 0.5
        self.low, self.high = low - room, high + room

    def at(self, value: float) -> float:
        """Pixels from the beginning of the axis."""
        share = (self._turned(value) - self.low) / (self.high - self.low)
        return round(share * self.length, 1)

    def ticks(self) -> list[float]:
        """Round values within the axis."""
        from matplotlib.ticker import LogLocator, MaxNLocator

        if not self.log:
            return [
                float(value)
                for value in MaxNLocator(_TICKS).tick_values(self.low, self.high)
                if self.low <= value <= self.high
            ]
        low, high = 10**self.low, 10**self.high
        for parts in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
            found = [
                float(value)
                for value in LogLocator(10, subs=parts).tick_values(low, high)
                if low <= value <= high
            ]
            if len(found) > 2:
                return found
        return [float(v) for v in MaxNLocator(_TICKS).tick_values(low, high) if low <= v <= high]

    def _turned(self, value: float) -> float:
        return math.log10(value) if self.log else value


def wants_log(values: Iterable[float]) -> bool:
    """Whether values differ so much that a linear axis would press most of them together."""
    found = list(values)
    return bool(found) and min(found) > 0 and max(found) > 10 * min(found)


def path(points: Iterable[tuple[float, float]]) -> str:
    """A line through points, as the `d` of an SVG path."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def apart(heights: list[float], least: float) -> list[float]:
    """Heights of labels, moved down until they are at least so far from each other."""
    moved = list(heights)
    last = -math.inf
    for at in sorted(range(len(heights)), key=lambda i: heights[i]):
        last = moved[at] = max(heights[at], last + least)
    return moved
