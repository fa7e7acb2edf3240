"""Prompt and completion, plain text, classification."""

import pytest

from peftline.formats.prompt_completion import PAIRS


@pytest.mark.parametrize("names", PAIRS)
def test_both_halves_become_turns(read, dialogue, names):
    example = read(dict(zip(names, ("Hi", "Ho"), strict=True)))
    assert dialogue(example) == [("user", "Hi"), ("assistant", "Ho")]
    assert example.kind == "conversation"


def test_halves_may_be_lists_of_turns(read, dialogue):
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": "Hi"}]
    example = read({"prompt": prompt, "completion": [{"role": "assistant", "content": "Ho"}]})
    assert dialogue(example) == [("system", "s"), ("user", "Hi"), ("assistant", "Ho")]


def test_the_system_text_is_not_lost(read, dialogue):
    example = read({"system_prompt": "s", "question": "Hi", "response": "Ho"})
    assert dialogue(example)[0] == ("system", "s")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"prompt": "Hi"}, ("missing_field", "field 'completion' is missing")),
        ({}, ("missing_field", "field 'prompt', 'completion' is missing")),
        (
            {"prompt": 3, "completion": "a"},
            ("wrong_type", "field 'prompt' is int, neither text nor turns"),
        ),
        (
            {"prompt": "a", "completion": None},
            ("missing_field", "field 'completion' is missing or empty"),
        ),
        (
            {"prompt": "a", "completion": {"role": "user", "content": "b"}},
            ("turn_order", "turn 2 (user): two user turns in a row"),
        ),
    ],
)
def test_a_half_that_cannot_be_read_is_named(problem, row, found):
    assert problem(row, "prompt_completion") == found


def test_of_a_text_all_is_learnt(read):
    example = read({"text": "Once upon a time."})
    assert (example.kind, example.answer, example.prompt) == ("text", "Once upon a time.", [])


@pytest.mark.parametrize("text", [5, ["a"], {"a": 1}])
def test_a_text_has_to_be_text(problem, text):
    kind, message = problem({"text": text})
    assert (kind, message) == ("wrong_type", f"field 'text' is {type(text).__name__}, not text")


@pytest.mark.parametrize(("label", "name"), [("good", "good"), (1, "1"), (0, "0")])
def test_a_text_and_its_class(read, label, name):
    example = read({"text": "Nice film.", "label": label})
    assert (example.kind, example.label, example.answer) == ("classification", name, name)
    assert [m.content for m in example.prompt] == ["Nice film."]


@pytest.mark.parametrize("label", ["", True, 0.5, ["good"]])
def test_a_class_needs_a_name(problem, label):
    kind, message = problem({"text": "Nice film.", "label": label})
    assert (kind, message) == ("bad_label", f"field 'label' is {label!r}, not the name of a class")
