"""Preferences: `chosen` and `rejected` after a prompt, as texts, turns or whole conversations."""

from typing import Any

from peftline.formats import turns
from peftline.formats.example import Message
from peftline.formats.problem import RowProblem

FIELDS = ("chosen", "rejected")
_PROMPTS = ("prompt", "conversations", "messages", "question")


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has a better and a worse answer, or a worse one alone.

    To leave that unread would teach the other answer as if there were no preference.
    """
    return all(field in row for field in FIELDS) or row.get("rejected") is not None


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages with the better answer, and the worse one.

    Whole conversations in `chosen` and `rejected` (without a prompt) must differ in the last turn
    only.

    Raises:
        RowProblem: an answer or the prompt is missing, or the conversations part earlier.
    """
    chosen = turns.texts_or_turns(row, "chosen", "assistant")
    rejected = turns.texts_or_turns(row, "rejected", "assistant")
    before = _prompt(row) or chosen[:-1]
    for name, answer in (("chosen", chosen), ("rejected", rejected)):
        if answer[:-1] not in ([], before):
            raise RowProblem("turn_order", f"field '{name}' does not continue the prompt")
        if answer[-1].role != "assistant":
            raise RowProblem("turn_order", f"field '{name}' does not end with the assistant")
    fields = turns.conversation(row, [*before, chosen[-1]])
    return fields | {"kind": "preference", "rejected": rejected[-1]}


def _prompt(row: dict[str, Any]) -> list[Message]:
    field = next((name for name in _PROMPTS if row.get(name) is not None), None)
    if field:
        return turns.texts_or_turns(row, field, "user")
    return [turns.request(row)] if "instruction" in row else []
