"""Desirability (KTO): a conversation or a prompt and completion, and whether it is good."""

from typing import Any

from peftline.formats import alpaca, messages, prompt_completion, sharegpt
from peftline.formats.problem import RowProblem

FIELDS = ("messages", "label")
_LABELS = ("label", "kto_tag")
_READERS = (alpaca, messages, sharegpt, prompt_completion)
# CSV has no truth values; tables write them as 1.0 and 0.0 where one is missing.
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has a conversation and a label.

    Whatever the label is: to leave it unread might teach answers that are labelled as bad.
    """
    return _label(row) is not None and any(reader.matches(row) for reader in _READERS)


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Messages of a row, and its label.

    Raises:
        RowProblem: the label is no truth value, or the conversation cannot be read.
    """
    label = _label(row)
    if label is None:
        raise RowProblem("missing_field", "field 'label' is missing")
    if str(label).lower() not in _TRUTH:
        raise RowProblem("bad_label", f"field 'label' is {label!r:.50}, not true or false")
    reader = next((reader for reader in _READERS if reader.matches(row)), messages)
    return reader.read(row) | {"kind": "desirability", "label": _TRUTH[str(label).lower()]}


def _label(row: dict[str, Any]) -> Any:
    return next((row[name] for name in _LABELS if row.get(name) not in (None, "")), None)
