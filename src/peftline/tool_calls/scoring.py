"""Read an answer, and compare it with the reference."""

from __future__ import annotations

import json
import math
import re
import string
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NoReturn

from .prompt import REFUSAL

FENCE = re.compile(r"```json\s*\n(.*)\n\s*```", re.DOTALL)
EDGES = string.punctuation + string.whitespace


@dataclass(frozen=True)
class Call:
    """One call of a tool; `arguments` is the parsed JSON object."""

    name: str
    arguments: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """Equal for equal calls.

        3 and 3.0 are equal, true and 1 are not, the order of keys is ignored, and an argument
        that is null is as good as one left out.
        """
        said = {name: value for name, value in self.arguments.items() if value is not None}
        return self.name, comparable(said)


@dataclass(frozen=True)
class Answer:
    """What a text says: calls, the refusal, or (None and False) nothing that can be used."""

    calls: tuple[Call, ...] | None
    refusal: bool

    @property
    def well_formed(self) -> bool:
        """Whether the text is a call, a list of calls, or the refusal."""
        return self.refusal or self.calls is not None


UNUSABLE = Answer(None, False)


def parse(text: str) -> Answer:
    """Read an answer strictly; never raises.

    The refusal counts with any capitals and punctuation around it. Everything else must be JSON as
    a whole, at most inside one ```json fence: an object with exactly `name` (string) and
    `arguments` (object), or a list of at least one of them. NaN, infinities, numbers too large for
    Python, repeated keys, and nesting beyond the parser's depth make it unusable.
    """
    text = text.strip()
    if text.casefold().strip(EDGES) == REFUSAL.casefold().strip(EDGES):
        return Answer(None, True)
    fenced = FENCE.fullmatch(text)
    try:
        loaded = json.loads(
            fenced[1] if fenced else text,
            parse_constant=reject_constant,
            parse_float=finite,
            object_pairs_hook=unique_keys,
        )
        found = loaded if isinstance(loaded, list) else [loaded]
        calls = tuple(Call(**one) for one in found if is_call(one))
        hash(tuple(call.key for call in calls))
    except (ValueError, RecursionError):
        return UNUSABLE
    return Answer(calls, False) if calls and len(calls) == len(found) else UNUSABLE


def score(prediction: str, reference: str) -> dict[str, bool]:
    """Compare an answer with the reference.

    Returns:
        exact_match: the same calls (order of calls and keys ignored), or the refusal where due.
        valid_json: the prediction is well formed, that is, parsable calls or the refusal.
        name_accuracy: the same tools equally often, or the refusal where due.
        predicted_refusal, reference_refusal: whether each of the two is the refusal.

    Raises:
        ValueError: the reference is not well formed.
    """
    due, given = parse(reference), parse(prediction)
    if not due.well_formed:
        raise ValueError(f"The reference is neither a tool call nor the refusal: {reference!r}")
    return {
        "exact_match": given.well_formed and keys(given) == keys(due),
        "valid_json": given.well_formed,
        "name_accuracy": given.well_formed and names(given) == names(due),
        "predicted_refusal": given.refusal,
        "reference_refusal": due.refusal,
    }


def keys(answer: Answer) -> Counter[Hashable]:
    """The multiset of calls; empty for the refusal."""
    return Counter(call.key for call in answer.calls or ())


def names(answer: Answer) -> Counter[str]:
    """The multiset of tool names; empty for the refusal."""
    return Counter(call.name for call in answer.calls or ())


def is_call(value: Any) -> bool:
    """Whether a JSON value has the form of a call."""
    return (
        isinstance(value, dict)
        and value.keys() == {"name", "arguments"}
        and isinstance(value["name"], str)
        and isinstance(value["arguments"], dict)
    )


def comparable(value: Any) -> Hashable:
    """A hashable image of a JSON value, in which only equal JSON values are equal."""
    if isinstance(value, dict):
        return "object", frozenset((key, comparable(one)) for key, one in value.items())
    if isinstance(value, list):
        return "list", tuple(comparable(one) for one in value)
    return "boolean" if isinstance(value, bool) else "plain", value


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; a repeated key is an error."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("repeated key")
    return made


def finite(text: str) -> float:
    """The number, or an error where it overflows to infinity, as 1e999 does."""
    if math.isinf(number := float(text)):
        raise ValueError(f"{text} is too large")
    return number


def reject_constant(name: str) -> NoReturn:
    """NaN and the infinities are not JSON."""
    raise ValueError(f"{name} is not JSON")
