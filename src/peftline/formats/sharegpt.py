"""ShareGPT rows: `conversations` of `from` and `value`; optional `tools` and `system`."""

from typing import Any

from peftline.formats import turns

FIELDS = ("conversations",)


def matches(row: dict[str, Any]) -> bool:
    """Whether a row looks like a ShareGPT conversation."""
    return "conversations" in row


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages and tools of a row.

    Raises:
        RowProblem: turns or tools cannot be read, or stand in an impossible order.
    """
    return turns.conversation(row, turns.read(row.get("conversations"), "conversations"))
