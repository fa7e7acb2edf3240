"""Preferences, and conversations with a truth value (KTO)."""

import pytest

HI, HO, NO = (
    {"role": r, "content": c} for r, c in (("user", "Hi"), ("assistant", "Ho"), ("assistant", "No"))
)
SHARE = {"from": "human", "value": "Hi"}
PAIR = {"chosen": "Ho", "rejected": "No"}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Hi", **PAIR},
        {"question": "Hi", **PAIR},
        {"instruction": "Hi", **PAIR},
        {"prompt": [HI], "chosen": [HO], "rejected": [NO]},
        {"prompt": "Hi", "chosen": [HI, HO], "rejected": [HI, NO]},
        {"chosen": [HI, HO], "rejected": [HI, NO]},
        {"messages": [HI], "chosen": HO, "rejected": NO},
        {
            "conversations": [SHARE],
            "chosen": {"from": "gpt", "value": "Ho"},
            "rejected": {"from": "gpt", "value": "No"},
        },
    ],
)
def test_all_styles_of_preferences_give_one_example(read, dialogue, row):
    example = read(row)
    assert example.kind == "preference"
    assert dialogue(example) == [("user", "Hi"), ("assistant", "Ho")]
    assert (example.rejected.role, example.rejected.content) == ("assistant", "No")


def test_what_stands_beside_the_prompt_is_not_lost(read, dialogue):
    example = read({"system": "s", "instruction": "Add.", "input": "2 and 2", **PAIR})
    assert dialogue(example)[:2] == [("system", "s"), ("user", "Add.\n\n2 and 2")]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"prompt": "Hi", "chosen": "a"}, ("missing_field", "field 'rejected' is missing or")),
        ({"prompt": "Hi", "rejected": "a"}, ("missing_field", "field 'chosen' is missing or")),
        ({"prompt": "Hi", **PAIR, "chosen": 1}, ("wrong_type", "field 'chosen' is int")),
        ({"prompt": "Hi", **PAIR, "rejected": []}, ("missing_field", "field 'rejected' is")),
        (PAIR, ("turn_order", "turn 1 (assistant): the conversation does not begin with")),
        (
            {"prompt": "Hi", "chosen": [HI, HO], "rejected": [HI, HI]},
            ("turn_order", "field 'rejected' does not end with the assistant"),
        ),
        (
            {"chosen": [HI, HO], "rejected": [HI | {"content": "Hey"}, NO]},
            ("turn_order", "field 'rejected' does not continue the prompt"),
        ),
        (
            {"prompt": "Hey", "chosen": [HI, HO], "rejected": [HI, NO]},
            ("turn_order", "field 'chosen' does not continue the prompt"),
        ),
        ({"prompt": [HI, HO], **PAIR}, ("turn_order", "turn 3 (assistant): two assistant")),
    ],
)
def test_a_preference_that_cannot_be_read_is_named(problem, row, found):
    kind, message = problem(row, "preference")
    assert kind == found[0]
    assert message.startswith(found[1])


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [HI, HO]},
        {"conversations": [SHARE, {"from": "gpt", "value": "Ho"}]},
        {"prompt": "Hi", "completion": "Ho"},
        {"prompt": [HI], "completion": [HO]},
        {"instruction": "Hi", "input": "", "output": "Ho"},
    ],
)
@pytest.mark.parametrize(
    ("label", "truth"),
    [
        (True, True),
        (False, False),
        ("True", True),
        ("false", False),
        (1, True),
        ("0", False),
        (1.0, True),
        (0.0, False),
        ("0.0", False),
    ],
)
def test_all_styles_of_kto_give_one_example(read, dialogue, row, label, truth):
    example = read(row | {"label": label})
    assert (example.kind, example.label) == ("desirability", truth)
    assert dialogue(example) == [("user", "Hi"), ("assistant", "Ho")]


@pytest.mark.parametrize("label", ["maybe", 2, 0.5, []])
def test_a_label_has_to_be_a_truth_value(problem, label):
    kind, message = problem({"messages": [HI, HO], "label": label}, "kto")
    assert (kind, message) == ("bad_label", f"field 'label' is {label!r}, not true or false")


def test_an_empty_label_does_not_hide_the_other_name(read):
    example = read({"messages": [HI, HO], "label": "", "kto_tag": False})
    assert (example.kind, example.label) == ("desirability", False)


def test_a_label_without_a_conversation_misses_a_field(problem):
    kind, message = problem({"label": True}, "kto")
    assert (kind, message) == ("missing_field", "field 'messages' is missing or empty")
