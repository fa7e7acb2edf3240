"""The fixed texts of the task: the instruction above the tools, and the refusal."""

from __future__ import annotations

from collections.abc import Iterable

REFUSAL = "No tool fits this request."
TASK = (
    'Reply with JSON {"name": ..., "arguments": {...}} for the tool that fits, a list of two if '
    f"two things are asked for, or: {REFUSAL} Dates are YYYY-MM-DD, times HH:MM."
)


def instruction(signatures: Iterable[str]) -> str:
    """The task, and below it the tools on offer, one per line."""
    return "\n".join([TASK, "Tools:", *signatures])
