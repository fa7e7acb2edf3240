"""The fixed texts of the task: the instruction above the tools, and the refusal."""

from __future__ import annotations

from collections.abc import Iterable

REFUSAL = "No tool fits this request."
TASK = (
    'Answer with the JSON call {"name": ..., "arguments": {...}} of the right tool, a list of '
    f"calls if two are needed, or exactly: {REFUSAL} Dates are YYYY-MM-DD, times HH:MM. "
    "Leave out optional (?) arguments not mentioned."
)


def instruction(signatures: Iterable[str]) -> str:
    """The task, and below it the tools on offer, one per line."""
    return "\n".join([TASK, "Tools:", *signatures])
