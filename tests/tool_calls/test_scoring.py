import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftline.tool_calls import REFUSAL, Answer, Call, parse, score

ADD = '{"name": "add", "arguments": {"count": 3, "items": ["milk", "eggs"]}}'
TEXT = '{"name": "text", "arguments": {"to": "Bo"}}'
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CALLS = st.fixed_dictionaries(
    {"name": st.text(), "arguments": st.dictionaries(st.text(), JSON_VALUES, max_size=4)}
)


def exact(prediction, reference):
    return score(prediction, reference)["exact_match"]


def with_count(value):
    return '{"name": "add", "arguments": {"count": ' + str(value) + "}}"


def test_a_call_is_parsed():
    call = Call("text", {"to": "Bo"})
    assert parse(TEXT) == Answer((call,), refusal=False)
    assert parse(f" [{TEXT}, {TEXT}]\n") == Answer((call, call), refusal=False)


@pytest.mark.parametrize(
    "text",
    [REFUSAL, "no tool fits this request", ' "No tool fits this request!" \n', f"`{REFUSAL}`"],
)
def test_the_refusal_is_recognised(text):
    assert parse(text) == Answer(None, refusal=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Sorry. " + REFUSAL,
        "Here you are: " + TEXT,
        TEXT + " Done!",
        TEXT + TEXT,
        f"```\n{TEXT}\n```",
        f"```json\n{TEXT}\n``` ok",
        "[]",
        "3",
        "null",
        '"add"',
        f"[[{TEXT}]]",
        f"[{TEXT}, 3]",
        "{'name': 'add', 'arguments': {}}",
        '{"name": "add"}',
        '{"name": "add", "arguments": {}, "id": 1}',
        '{"name": "add", "arguments": []}',
        '{"name": "add", "arguments": "{}"}',
        '{"name": 3, "arguments": {}}',
        '{"name": "add", "name": "add", "arguments": {}}',
        with_count('1, "count": 1'),
        with_count("NaN"),
        with_count("-Infinity"),
        with_count("1e999"),
        with_count("9" * 5000),
        with_count("[" * 100_000 + "]" * 100_000),
        with_count('{"a":' * 100_000),
        "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_anything_else_is_not_well_formed(text):
    assert parse(text) == Answer(None, refusal=False)
    assert score(text, TEXT) == {
        "exact_match": False,
        "valid_json": False,
        "name_accuracy": False,
        "predicted_refusal": False,
        "reference_refusal": False,
    }


@pytest.mark.parametrize(
    ("prediction", "reference", "same"),
    [
        (with_count("3"), with_count("3.0"), True),
        (with_count("3"), with_count('"3"'), False),
        (with_count("true"), with_count("1"), False),
        (with_count("[true]"), with_count("[1.0]"), False),
        (with_count("false"), with_count("0"), False),
        (with_count("null"), with_count("{}"), False),
        (with_count('{"a": 1, "b": 2}'), with_count('{"b": 2, "a": 1}'), True),
        (with_count('["a", "b"]'), with_count('["b", "a"]'), False),
        (with_count('"Bo"'), with_count('"bo"'), False),
        ('{"arguments": {"to": "Bo"}, "name": "text"}', TEXT, True),
        ('{"name": "text", "arguments": {}}', TEXT, False),
        ('{"name": "text", "arguments": {"to": "Bo", "cc": null}}', TEXT, True),
        ('{"name": "text", "arguments": {"to": null}}', TEXT, False),
        ('{"name": "text", "arguments": {"to": "Bo", "cc": {"a": null}}}', TEXT, False),
        (f"```json\n{TEXT}\n```", TEXT, True),
        (f"[{TEXT}]", TEXT, True),
        (f"[{TEXT}, {ADD}]", f"[{ADD}, {TEXT}]", True),
        (f"[{TEXT}, {TEXT}]", TEXT, False),
        (f"[{TEXT}, {TEXT}]", f"[{TEXT}, {ADD}]", False),
        (TEXT, REFUSAL, False),
        (REFUSAL, TEXT, False),
        ("no tool fits this request", REFUSAL, True),
        ("", REFUSAL, False),
    ],
)
def test_exact_match(prediction, reference, same):
    assert exact(prediction, reference) is same


def test_the_right_tool_with_wrong_arguments_has_the_right_name():
    assert score(with_count(2), with_count(3)) == {
        "exact_match": False,
        "valid_json": True,
        "name_accuracy": True,
        "predicted_refusal": False,
        "reference_refusal": False,
    }


def test_names_are_compared_as_a_multiset():
    assert score(f"[{TEXT}, {ADD}]", f"[{ADD}, {TEXT}]")["name_accuracy"]
    assert not score(TEXT, f"[{ADD}, {TEXT}]")["name_accuracy"]


def test_refusals_are_reported_on_both_sides():
    wrong = score(REFUSAL, TEXT)
    assert wrong["valid_json"] and wrong["predicted_refusal"] and not wrong["name_accuracy"]
    right = score(REFUSAL, REFUSAL)
    assert all(right.values())
    assert score(TEXT, REFUSAL)["reference_refusal"]


def test_a_reference_without_form_is_an_error():
    with pytest.raises(ValueError, match="neither a tool call nor the refusal"):
        score(TEXT, "let me think")


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=3))
def test_any_calls_match_themselves_in_any_order_and_form(calls):
    reference = json.dumps(calls)
    shuffled = json.dumps(calls[::-1], ensure_ascii=False, indent=1, sort_keys=True)
    assert exact(shuffled, reference)
    assert exact(f"```json\n{shuffled}\n```", reference)


@given(st.text())
def test_no_text_breaks_the_parser(text):
    parse(text)
    parse(f'{{"name": "add", "arguments": {{"x": {text}}}}}')
