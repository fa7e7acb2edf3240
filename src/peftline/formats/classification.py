"""Classification: `text` and the name (or number) of its class in `label`."""

from typing import Any

from peftline.formats.example import Message
from peftline.formats.problem import RowProblem, text

FIELDS = ("text", "label")


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has a text and a label."""
    return all(field in row for field in FIELDS)


def read(row: dict[str, Any]) -> dict[str, Any]:
    """The text, and its class as a name.

    Raises:
        RowProblem: there is no text or label, or the label is neither a name nor a whole number.
    """
    label = row.get("label")
    if label is None:
        raise RowProblem("missing_field", "field 'label' is missing")
    if isinstance(label, bool) or not isinstance(label, str | int) or label == "":
        raise RowProblem("bad_label", f"field 'label' is {label!r:.50}, not the name of a class")
    user = Message(role="user", content=text(row, "text"))
    return {"kind": "classification", "messages": [user], "label": str(label)}
