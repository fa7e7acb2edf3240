"""Plain text: `text`, all of which is learnt."""

from typing import Any

from peftline.formats.example import Message
from peftline.formats.problem import text

FIELDS = ("text",)


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has a text; with a label it was classification, which is asked first."""
    return "text" in row


def read(row: dict[str, Any]) -> dict[str, Any]:
    """The text of a row, as one turn.

    Raises:
        RowProblem: there is no text.
    """
    return {"kind": "text", "messages": [Message(role="assistant", content=text(row, "text"))]}
