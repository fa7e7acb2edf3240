"""What is said about rows: advice must not cost anybody a row."""

import pytest

from peftline.preflight import rows


@pytest.fixture
def found():
    """Findings on lengths, by name."""

    def find(limit, suggested, longest, **counts):
        report = {
            "rows": {"read": 1000, "kept": 1000, "dropped": 0, "reasons": {}},
            "dropped": [],
            "unread_fields": {},
            "near_duplicates": 0,
            "splits": {"train": 800, "validation": 100, "test": 100},
            "lengths": {"suggested_limit": suggested, "longest": longest},
            "limit": {"tokens": limit, "too_long": "drop"},
            "not_whole": {"counts": counts, "rows": []},
            "leakage": {"equal": [], "alike": []},
            "benchmark": None,
            "neutralised": 0,
            "private": None,
        }
        return {problem["name"]: problem["message"] for problem in rows.find(report)}

    return find


def test_a_limit_above_the_present_one_is_advised_where_many_are_too_long(found):
    messages = found(512, 832, 2000, dropped=60)
    assert set(messages) == {"dropped_examples"}
    assert "max_length_tokens=832 would keep 99.5 % whole" in messages["dropped_examples"]


@pytest.mark.parametrize("suggested", [320, 512])
@pytest.mark.parametrize("outcome", ["dropped", "cut"])
def test_a_limit_below_the_present_one_is_not_advised_where_one_is_too_long(
    found, suggested, outcome
):
    messages = found(512, suggested, 900, **{outcome: 1})
    assert set(messages) == {f"{outcome}_examples"}
    message = messages[f"{outcome}_examples"]
    assert "1 examples have more than 512 tokens" in message
    assert "max_length_tokens=900 would keep all whole" in message


def test_a_lower_limit_is_an_offer_where_nothing_is_cut_and_it_saves_much(found):
    messages = found(4096, 320, 3000)
    assert set(messages) == {"few_long_examples"}
    assert "Nothing is cut now" in messages["few_long_examples"]
    assert "max_length_tokens=320 would save memory" in messages["few_long_examples"]


def test_a_lower_limit_is_not_offered_for_little(found):
    assert found(4096, 320, 500) == {}
