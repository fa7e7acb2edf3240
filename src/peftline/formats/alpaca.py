"""Alpaca rows: `instruction`, optional `input`, `output`; optional `id`, `group`, `split`."""

from typing import Any

from peftline import store
from peftline.formats.example import Example, Message

FIELDS = ("instruction", "output")
SIDES = ("train", "validation", "test")


def matches(row: dict[str, Any]) -> bool:
    """Whether a row looks like Alpaca."""
    return all(field in row for field in FIELDS)


def problem(row: dict[str, Any]) -> str | None:
    """What is wrong with a row, or None."""
    for field in FIELDS:
        if field not in row or row[field] is None:
            return f"field '{field}' is missing"
        if not isinstance(row[field], str):
            return f"field '{field}' is {type(row[field]).__name__}, not text"
    if not isinstance(row.get("input") or "", str):
        return f"field 'input' is {type(row['input']).__name__}, not text"
    if not row["instruction"].strip():
        return "field 'instruction' is empty"
    if row.get("split") not in (None, "", *SIDES):
        return f"field 'split' is {row['split']!r}, not one of {', '.join(SIDES)}"
    return None


def is_answered(row: dict[str, Any]) -> bool:
    """Whether there is anything to learn in a row."""
    return bool(row["output"].strip())


def to_example(row: dict[str, Any]) -> Example:
    """Read a row that has no problem."""
    content = {field: row.get(field) or "" for field in ("instruction", "input", "output")}
    prompt = store.sha256_of([content["instruction"], content["input"]])[:16]
    return Example(
        id=_given(row, "id", store.sha256_of(content)[:16]),
        group=_given(row, "group", prompt),  # one prompt with two answers stays on one side
        split=row.get("split") or None,
        messages=[
            Message(role="user", content=content["instruction"], input=content["input"]),
            Message(role="assistant", content=content["output"]),
        ],
    )


def _given(row: dict[str, Any], field: str, otherwise: str) -> str:
    """The field as text if there is one; 0 is a value too."""
    return otherwise if row.get(field) in (None, "") else str(row[field])
