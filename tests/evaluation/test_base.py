"""What fine-tuning has to beat."""

from types import SimpleNamespace

import pytest

from peftline.evaluation import answers, base, baselines
from peftline.formats.example import Example, Message, ToolCall
from peftline.schema import Evaluation
from peftline.tool_calls import REFUSAL, generate, rules, score

EVALUATION = Evaluation(max_new_tokens=6, few_shot=2)


@pytest.fixture
def scored(loud_base, sum_splits, rendering, tmp_path, float32):
    def run(**settings):
        evaluation = EVALUATION.model_copy(update=settings)
        return base.read(base.score_base(loud_base, sum_splits, rendering, evaluation, tmp_path))

    return run


@pytest.fixture
def asked(monkeypatch):
    """Every pass over a split: its side, and the ids of the examples that stand before it.

    A test may set the scores that the next passes over the validation split have.
    """
    real = answers.answer_split
    seen = SimpleNamespace(passes=[], validation=iter(()))

    def answer(model, template, splits, evaluation, worked, title, side="test", most=None):
        seen.passes.append((side, [example.id for example in worked]))
        rows, scores = real(model, template, splits, evaluation, worked, title, side, most)
        if side == "validation":
            name, value = "rouge_l", next(seen.validation, 0.5)
            scores = scores | {name: {"value": value, "low": 0.0, "high": 1.0, "n": len(rows)}}
        return rows, scores

    monkeypatch.setattr(answers, "answer_split", answer)
    return seen


def test_the_base_is_scored_both_ways_once(scored, loud_base, sum_splits, rendering, tmp_path):
    rows, scores = scored()
    for mode in ("zero_shot", "few_shot", "constant"):
        of_mode = [row for row in rows if row["mode"] == mode]
        assert len({row["id"] for row in of_mode}) == 6
        assert scores[mode]["exact_match"]["n"] == 6
    missing = loud_base.model_copy(update={"path": tmp_path / "nowhere"})
    again = base.score_base(missing, sum_splits, rendering, EVALUATION, tmp_path)
    assert base.read(again) == (rows, scores), (
        "nothing is computed again, so the model is not opened"
    )


@pytest.mark.parametrize("other", [{"latency": False}, {"forgetting": False}, {"validation": True}])
def test_what_is_measured_of_adapters_alone_leaves_the_base_as_it_is(scored, asked, other):
    first = scored()
    before = len(asked.passes)
    assert scored(**other) == first
    assert len(asked.passes) == before


def test_without_shots_the_base_is_scored_one_way(scored):
    _, scores = scored(few_shot=0)
    assert set(scores) == {"zero_shot", "constant"}


def test_the_draw_that_is_best_on_validation_answers_the_test_split(scored, asked):
    asked.validation = iter([0.25, 0.75, 0.5, 0.75])
    _, scores = scored(few_shot_draws=4)
    sides = [side for side, _ in asked.passes]
    assert sides == ["test", "validation", "validation", "validation", "validation", "test"]
    drawn = [worked for _, worked in asked.passes[1:-1]]
    assert asked.passes[-1][1] == drawn[1] != drawn[0], "of equals the earlier one"
    assert scores["few_shot_draws"] == {
        "chosen": 1,
        "metric": "rouge_l",
        "n": 6,
        "values": [0.25, 0.75, 0.5, 0.75],
    }


def test_draws_are_tried_on_the_first_questions_of_validation(scored, asked, monkeypatch):
    monkeypatch.setattr(base, "DRAWN_ON", 4)
    assert scored()[1]["few_shot_draws"]["n"] == 4


def test_with_one_draw_nothing_is_tried_on_validation(scored, asked):
    _, scores = scored(few_shot_draws=1)
    assert [side for side, _ in asked.passes] == ["test", "test"]
    assert "few_shot_draws" not in scores


def test_the_constant_answer_is_the_most_frequent_one_of_training(scored, make_example):
    train = [make_example(f"q{i}", answer, id=str(i)) for i, answer in enumerate("abcbcd")]
    assert baselines.most_frequent(train).answer == "b", "the first of equals"
    rows, scores = scored()
    constant = [row for row in rows if row["mode"] == "constant"]
    assert {row["prediction"] for row in constant} == {"0"}
    assert all(row["finished"] for row in constant)
    assert scores["constant"]["exact_match"]["value"] == 0


def test_calls_are_counted_by_what_they_call():
    def calling(name, at):
        call = Message(role="assistant", tool_calls=[ToolCall(name=name, arguments={})])
        messages = [Message(role="user", content=f"Call {at}."), call]
        return Example(id=str(at), group=str(at), messages=messages, tools=[{"name": name}])

    train = [calling(name, at) for at, name in enumerate("fggfg")]
    assert baselines.most_frequent(train).messages[-1].tool_calls[0].name == "g"


def test_plain_text_has_no_baselines():
    text = Example(
        id="a", group="a", kind="text", messages=[Message(role="assistant", content="Once.")]
    )
    assert baselines.most_frequent([text]) is None
    assert baselines.by_rules([]) is None


def test_rules_answer_the_built_in_data_as_any_model(
    tool_call_splits, tiny_base, rendering, tmp_path
):
    settings = Evaluation(max_new_tokens=1, few_shot=0)
    scored = base.score_base(tiny_base, tool_call_splits, rendering, settings, tmp_path)
    rows, scores = base.read(scored)
    ruled = {row["id"]: row for row in rows if row["mode"] == "rules"}
    constant = [row for row in rows if row["mode"] == "constant"]
    made = [row for row in generate(24, 8, 8, seed=42) if row["split"] == "test"]
    expected = [rules.answer(row["instruction"], row["input"]) for row in made]
    hits = [
        score(said, row["output"])["exact_match"] for said, row in zip(expected, made, strict=True)
    ]
    assert sorted(row["prediction"] for row in ruled.values()) == sorted(expected)
    assert scores["rules"]["exact_match"]["value"] == pytest.approx(sum(hits) / 8)
    assert {row["prediction"] for row in constant} == {REFUSAL}
    due = sum(row["output"] == REFUSAL for row in made)
    assert scores["constant"]["exact_match"]["value"] == pytest.approx(due / 8)


def test_rules_know_no_other_data(scored, make_example):
    assert baselines.by_rules([make_example()]) is None
    assert "rules" not in scored()[1]
