"""Answered examples, as they stand in `predictions.jsonl`."""

from typing import Any

Row = dict[str, Any]
"""One example: `id`, `prompt`, `reference`, `prediction`, `scores`."""
Rows = list[Row]
