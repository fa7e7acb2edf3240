"""The fixed texts of the task: the instruction above the tools, and the refusal."""

from __future__ import annotations

from collections.abc import Iterable

REFUSAL = "No tool fits this request."
TASK = (
    f"Answer with a JSON list of the calls that are asked for (null: not said), or with: {REFUSAL}"
)


def instruction(signatures: Iterable[str]) -> str:
    """The task, and below it the tools on offer, one per line."""
    return "\n".join([TASK, "Tools:", *signatures])
