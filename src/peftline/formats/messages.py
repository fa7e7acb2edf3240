"""OpenAI rows: `messages` of `role` and `content`, calls in `tool_calls`; optional `tools`."""

from typing import Any

from peftline.formats import turns

FIELDS = ("messages",)


def matches(row: dict[str, Any]) -> bool:
    """Whether a row looks like a list of messages."""
    return "messages" in row


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages and tools of a row.

    Raises:
        RowProblem: turns or tools cannot be read, or stand in an impossible order.
    """
    return turns.conversation(row, turns.read(row.get("messages"), "messages"))
