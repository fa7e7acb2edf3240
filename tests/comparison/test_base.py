import pytest

from peftline.comparison import base as without_training
from peftline.evaluation import metrics
from peftline.evaluation.statistics.intervals import proportion
from tests.comparison.invented import base_answers, run

EXACT = metrics.TOOL_CALLS
A, B = [1, 1, 0, 0, 1, 0, 1, 1], [1, 0, 0, 0, 1, 1, 1, 1]


def test_each_way_to_do_without_training_is_a_row():
    base = base_answers(zero_shot=[0] * 8, few_shot=B, constant=[0] * 8, rules=A)
    found, notes = without_training.rows([run("lora", A, base=base)], EXACT)
    assert [row.name for row in found] == [
        "base (zero-shot)",
        "base (few-shot)",
        "constant answer",
        "rules (no model)",
    ]
    assert found[1].values == B and found[1].kind == "base" and notes == []
    # At 0 of 8 the t-distribution would say 0 to 0.
    assert found[0].metric.model_dump() == proportion([False] * 8, [str(at) for at in range(8)])


def test_base_answers_to_other_examples_do_not_count_and_this_is_said():
    base = base_answers(zero_shot=A, few_shot=B)
    base[0]["prompt"] = "another question"
    found, notes = without_training.rows([run("lora", A, base=base)], EXACT)
    assert [row.name for row in found] == ["base (few-shot)"]
    assert notes == ["No row for base (zero-shot): its answers are to other questions."]


def test_a_base_that_was_held_otherwise_is_no_opponent_and_this_is_said():
    one = run("lora", A, base=base_answers(zero_shot=B))
    one.base_metrics["base_quantization"] = "nf4"
    found, notes = without_training.rows([one], EXACT)
    assert found == []
    assert notes == [
        "No row for base (zero-shot): the base was held otherwise than in the recipes' runs."
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"max_new_tokens": 16}, "recipes (max_new_tokens 16, not 8)"),
        ({"dtype": "bfloat16"}, "recipes (dtype bfloat16, not auto)"),
        ({"scoring_sha256": "older"}, "another version of the scoring (kedro rescore makes"),
    ],
)
def test_a_base_that_was_asked_or_scored_otherwise_is_no_row_and_this_is_said(change, reason):
    one = run("lora", A, base=base_answers(zero_shot=A))
    one.base_metrics["protocol"] |= change
    found, notes = without_training.rows([one], EXACT)
    assert found == []
    assert notes[0].startswith("No row for base (zero-shot): it was ") and reason in notes[0]
    one.base_metrics.clear()
    assert "not known how it was asked" in without_training.rows([one], EXACT)[1][0]


def test_older_base_answers_count_where_the_newest_were_made_otherwise():
    old = run("ia3", A, base=base_answers(zero_shot=A), age=9)
    new = run("lora", A, base=base_answers(zero_shot=B))
    new.base_metrics["protocol"] |= {"max_new_tokens": 16}
    (row,), notes = without_training.rows([old, new], EXACT)
    assert row.values == A and notes == []


def test_the_newest_base_answers_count():
    old = run("ia3", A, base=base_answers(zero_shot=A), age=9)
    new = run("lora", A, base=base_answers(zero_shot=B))
    (row,), _ = without_training.rows([old, new], EXACT)
    assert row.values == B


def test_without_base_answers_a_note_says_so():
    found, notes = without_training.rows([run("lora", A)], EXACT)
    assert found == [] and "no answers of it" in notes[0]
