"""Alpaca rows: `instruction`, optional `input`, `output`; optional `system` and `history`."""

from typing import Any

from peftline.formats import turns
from peftline.formats.example import Message
from peftline.formats.problem import RowProblem, text

FIELDS = ("instruction", "output")


def matches(row: dict[str, Any]) -> bool:
    """Whether a row looks like Alpaca."""
    return all(field in row for field in FIELDS)


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages of a row.

    Raises:
        RowProblem: a field is missing or not text.
    """
    user, answer = turns.request(row), Message(role="assistant", content=text(row, "output"))
    return {"messages": [*turns.system(row), *_history(row.get("history")), user, answer]}


def _history(pairs: Any) -> list[Message]:
    """The turns before the request."""
    messages = []
    for pair in pairs if isinstance(pairs, list) else [pairs] if pairs else []:
        if not isinstance(pair, list) or [type(one) for one in pair] != [str, str]:
            raise RowProblem("wrong_type", "field 'history' is no list of pairs of texts")
        messages.append(Message(role="user", content=pair[0]))
        messages.append(Message(role="assistant", content=pair[1]))
    return messages
