"""Answered examples, as they stand in `predictions.jsonl`."""

from typing import Any

from peftline.errors import PeftlineError

Row = dict[str, Any]
"""One example: `id`, `group`, `prompt`, `reference`, `prediction`, `finished`, `scores`; of the
base also `mode`, the way that it was asked."""
Rows = list[Row]


def groups_of(rows: Rows) -> list[str]:
    """Which rows belong together.

    Raises:
        PeftlineError: rows do not say so.
    """
    without = [row["id"] for row in rows if "group" not in row]
    if without:
        raise PeftlineError(
            f"{len(without)} of {len(rows)} predictions have no group (the first is "
            f"{without[0]}): an older version wrote them. Run the recipe again."
        )
    return [row["group"] for row in rows]


def by_mode(rows: Rows) -> dict[str, Rows]:
    """The base's answers by the way that it was asked."""
    modes: dict[str, Rows] = {}
    for row in rows:
        modes.setdefault(row["mode"], []).append(row)
    return modes
