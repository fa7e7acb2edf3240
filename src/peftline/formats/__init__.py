"""From a row as received to a canonical example: one file a format."""

from types import ModuleType
from typing import Any

from peftline import store
from peftline.formats import (
    alpaca,
    classification,
    kto,
    messages,
    preference,
    prompt_completion,
    sharegpt,
    text,
)
from peftline.formats.example import SIDES, Example, Message
from peftline.formats.problem import RowProblem

__all__ = ["FORMATS", "Example", "content_hash", "detect", "read", "rename", "stronger"]

# In the order in which a row is compared with them: the more a format asks for, the earlier.
FORMATS: dict[str, ModuleType] = {
    "preference": preference,
    "kto": kto,
    "classification": classification,
    "alpaca": alpaca,
    "messages": messages,
    "sharegpt": sharegpt,
    "prompt_completion": prompt_completion,
    "text": text,
}


def detect(row: Any) -> str | None:
    """The name of the format that a row has, or None."""
    if not isinstance(row, dict):
        return None
    return next((name for name, format_ in FORMATS.items() if format_.matches(row)), None)


def stronger(row: dict[str, Any], name: str) -> str | None:
    """The format of a row if it asks for more than the format `name`, which would not read that."""
    earlier = list(FORMATS)[: list(FORMATS).index(name)]
    return next((one for one in earlier if FORMATS[one].matches(row)), None)


def rename(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row under the names that formats know; `columns` maps these to the names in the file."""
    renamed = {name: value for name, value in row.items() if name not in columns.values()}
    return renamed | {name: row[column] for name, column in columns.items() if column in row}


def read(row: Any, format_: ModuleType, group_key: str = "group", origin: str = "") -> Example:
    """Read one row; `id`, `split` and the field `group_key` are optional in every format.

    Raises:
        RowProblem: the row cannot be learnt from.
    """
    if not isinstance(row, dict):
        raise RowProblem("wrong_type", f"found {type(row).__name__}, not an object")
    if row.get("split") not in (None, "", *SIDES):
        raise RowProblem(
            "wrong_type", f"field 'split' is {row['split']!r}, not one of {', '.join(SIDES)}"
        )
    example = Example(
        id="", group="", split=row.get("split") or None, origin=origin, **format_.read(row)
    )
    names = {
        "id": _given(row, "id") or content_hash(example).hex()[:16],
        # one prompt with two answers stays on one side
        "group": _given(row, group_key) or store.short_hash(_opening(example.messages)),
    }
    return example.model_copy(update=names)


def content_hash(example: Example) -> bytes:
    """16 bytes that two examples share only if they teach the same."""
    content = [
        [_turn(message) for message in example.messages],
        example.tools,
        example.rejected and _turn(example.rejected),
        example.label,
    ]
    return bytes.fromhex(store.sha256_of(content)[:32])


def _turn(message: Message) -> list[Any]:
    calls = [[call.name, call.arguments] for call in message.tool_calls]
    return [message.role, message.content, message.input, calls, message.loss]


def _opening(messages: list[Message]) -> list[Any]:
    """The conversation up to the first turn of a user."""
    first = next((at for at, m in enumerate(messages) if m.role == "user"), 0)
    return [_turn(message) for message in messages[: first + 1]]


def _given(row: dict[str, Any], field: str) -> str:
    """The field as text, empty if there is none; 0 is a value too."""
    return "" if row.get(field) is None else str(row[field])
