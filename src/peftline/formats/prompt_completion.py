"""Pairs: `prompt` and `completion`, `question` and `answer`, and so on, as texts or turns."""

from typing import Any

from peftline.formats import turns
from peftline.formats.problem import RowProblem

PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
    ("question", "response"),
    ("query", "response"),
    ("input", "output"),
)
FIELDS = PAIRS[0]


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has both halves of a pair."""
    return _pair(row) is not None


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages of a row.

    Raises:
        RowProblem: there is no pair, or a field is neither text nor turns.
    """
    pair = _pair(row)
    if pair is None:
        found = [field for field in FIELDS if field in row]
        missing = "', '".join(field for field in FIELDS if field not in found)
        raise RowProblem("missing_field", f"field '{missing}' is missing")
    prompt = turns.texts_or_turns(row, pair[0], "user")
    return turns.conversation(row, [*prompt, *turns.texts_or_turns(row, pair[1], "assistant")])


def _pair(row: dict[str, Any]) -> tuple[str, str] | None:
    return next((pair for pair in PAIRS if all(field in row for field in pair)), None)
