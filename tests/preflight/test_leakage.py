"""Prompts of training that stand, or almost stand, among those that are held out."""

import pytest

from peftline import jsonl
from peftline.handles import Splits
from peftline.preflight import leakage

PROMPT = (
    "Anna has {} apples and gives some of them to each of her friends who came by on a sunny "
    "afternoon in late summer when the trees behind the old house were full and everybody was "
    "asked to take home as many as they liked; how many are left?"
)
ANSWERS = [
    "We begin with what Anna has, and take away what each friend was given, one after the other.",
    "Nothing can be said for certain, because the text does not tell us how many friends came by.",
]


@pytest.fixture
def splits_of(tmp_path):
    """Splits that hold these examples."""

    def make(**sides):
        for side, examples in sides.items():
            jsonl.write(tmp_path / f"{side}.jsonl", (one.model_dump() for one in examples))
        counts = {side: len(examples) for side, examples in sides.items()}
        return Splits(path=tmp_path, sha256="", format="alpaca", **counts)

    return make


@pytest.fixture
def row(make_example):
    def make(id_, question, answer="Yes."):
        return make_example(question, answer, id_).model_copy(update={"origin": id_})

    return make


def test_a_prompt_with_one_other_word_is_alike_whatever_the_answers(splits_of, row):
    splits = splits_of(
        train=[row("a", PROMPT.format("nine"), ANSWERS[0] * 5), row("b", "Where is Rome?")],
        validation=[row("c", "Who wrote Faust?")],
        test=[row("d", PROMPT.format("ten"), ANSWERS[1] * 5)],
    )
    found = leakage.between_splits(splits, 0.8)
    assert (found["equal"], found["alike"]) == ([], ["a"])


def test_one_answer_to_two_prompts_is_no_leak(splits_of, row):
    splits = splits_of(
        train=[row("a", "Where is Rome?", ANSWERS[0] * 5)],
        validation=[row("b", "Who wrote Faust?")],
        test=[row("c", "How far is the moon?", ANSWERS[0] * 5)],
    )
    found = leakage.between_splits(splits, 0.8)
    assert (found["equal"], found["alike"]) == ([], [])


@pytest.mark.parametrize("side", ["test", "validation"])
def test_equal_prompts_are_found_behind_the_rows_that_are_compared(
    splits_of, row, side, monkeypatch
):
    monkeypatch.setattr(leakage, "_TRAIN_ROWS", 2)
    monkeypatch.setattr(leakage, "_HELD_OUT_ROWS", 2)
    sides = {
        name: [row(f"{name}-{at}", f"{name} asks for {at}?") for at in range(5)]
        for name in ("train", "validation", "test")
    }
    sides["train"][4] = row("late", f"{side} asks  FOR 4?", "Another answer.")
    found = leakage.between_splits(splits_of(**sides), 0.8)
    assert found["equal"] == ["late"]
    assert found["not_compared"] == {"train": 3, "held_out": 6}
