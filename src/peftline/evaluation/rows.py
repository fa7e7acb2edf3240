"""Answered examples, as they stand in `predictions.jsonl`."""

from typing import Any

Row = dict[str, Any]
"""One example: `id`, `prompt`, `reference`, `prediction`, `finished`, `scores`; of the base also
`mode`, the way that it was asked."""
Rows = list[Row]


def by_mode(rows: Rows) -> dict[str, Rows]:
    """The base's answers by the way that it was asked."""
    modes: dict[str, Rows] = {}
    for row in rows:
        modes.setdefault(row["mode"], []).append(row)
    return modes
