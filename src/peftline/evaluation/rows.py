"""Answered examples, as they stand in `predictions.jsonl`."""

from typing import Any

Row = dict[str, Any]
"""One example: `id`, `prompt`, `reference`, `prediction`, `finished`, `scores`; of the base also
`mode`, the way that it was asked."""
Rows = list[Row]
