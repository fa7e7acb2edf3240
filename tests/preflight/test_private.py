"""What the optional scan finds, and what it leaves alone."""

import importlib.util

import pytest

from peftline.formats.example import Message, ToolCall
from peftline.preflight import private


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ana.lopez@example.com today.", "e-mail address"),
        ("Call me: (650) 253-0000.", "telephone number"),
        ("aws_key = 'AKIAIOSFODNN7EXAMPLA'", "AWS Access Key"),
    ],
)
def test_secrets_and_personal_data_are_named_with_their_rows(make_example, text, kind):
    example = make_example(question=text).model_copy(update={"origin": "a.json, row 3"})
    assert private.scan([example]) == {kind: ["a.json, row 3"]}


@pytest.mark.parametrize("place", ["call", "rejected"])
def test_calls_and_worse_answers_are_scanned(make_example, place):
    mail = "ana.lopez@example.com"
    call = ToolCall(name="send", arguments={"to": [{"address": mail}], "copies": 2})
    said = {
        "call": {"messages": [Message(role="assistant", tool_calls=[call])]},
        "rejected": {"rejected": Message(role="assistant", content=f"Write to {mail}.")},
    }
    example = make_example().model_copy(update={"origin": "row 3", **said[place]})
    assert private.scan([example]) == {"e-mail address": ["row 3"]}


@pytest.mark.parametrize(
    "text", ["The password for success is patience.", "Add 1234567 and 89.", "See chapter 3.2"]
)
def test_prose_and_numbers_are_left_alone(make_example, text):
    assert private.scan([make_example(question=text)]) == {}


def test_without_the_libraries_nothing_is_claimed(make_example, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert private.scan([make_example(question="ana@example.com")]) is None
