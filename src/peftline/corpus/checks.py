"""What is checked in every example, whatever its format."""

import re
from collections.abc import Iterator
from typing import Any

from peftline.formats.example import Example, Message, ToolCall
from peftline.formats.problem import RowProblem

# Half a surrogate pair cannot be encoded; U+FFFD is what decoders write for bytes they cannot read.
_BAD = re.compile("[\x00\ud800-\udfff\ufffd]")


def check(example: Example, max_characters: int) -> None:
    """Check the texts of an example.

    Raises:
        RowProblem: one is empty, broken or far too long, or a preference prefers nothing.
    """
    characters = 0
    for where, text in _texts(example):
        characters += len(text)
        if found := _BAD.search(text):
            kind = "nul_character" if found[0] == "\x00" else "broken_characters"
            raise RowProblem(kind, f"{where} holds U+{ord(found[0]):04X}")
    if characters > max_characters:
        raise RowProblem("too_many_characters", f"more than {max_characters:,} characters")
    _check_empty(example)
    if example.rejected and _said(example.rejected) == _said(example.messages[-1]):
        raise RowProblem("equal_answers", "the chosen and the rejected answer are the same")


def _check_empty(example: Example) -> None:
    if example.kind != "classification" and _is_empty(example.messages[-1]):
        raise RowProblem("empty_answer", "the answer is empty")
    if example.rejected and _is_empty(example.rejected):
        raise RowProblem("empty_answer", "the rejected answer is empty")
    for at, message in enumerate(example.prompt, start=1):
        if _is_empty(message) and message.role == "user":
            raise RowProblem("empty_prompt", f"turn {at} (user) is empty")
        if _is_empty(message) and message.role == "assistant" and message.loss:
            raise RowProblem("empty_answer", f"turn {at} (assistant) is empty")


def _texts(example: Example) -> Iterator[tuple[str, str]]:
    """All texts of an example, each with a name for where it stands."""
    turns = {f"turn {at} ({m.role})": m for at, m in enumerate(example.messages, start=1)}
    if example.rejected:
        turns["the rejected answer"] = example.rejected
    for where, message in turns.items():
        yield where, message.content
        yield where, message.input
        for call in message.tool_calls:
            yield from ((where, text) for text in _strings([call.name, call.arguments]))
    yield from (("field 'tools'", text) for text in _strings(example.tools))
    yield from (("the id, the group or the label", text) for text in _names(example))


def _names(example: Example) -> Iterator[str]:
    return _strings([example.id, example.group, example.label])


def _strings(value: Any) -> Iterator[str]:
    """All texts inside a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _said(message: Message) -> tuple[str, list[ToolCall]]:
    return message.text.strip(), message.tool_calls


def _is_empty(message: Message) -> bool:
    return not message.text.strip() and not message.tool_calls
