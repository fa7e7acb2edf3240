"""What fine-tuning has to beat."""

import re
from types import SimpleNamespace

import pytest

from peftline.base_model.loading import load_tokenizer
from peftline.corpus.split import read_split
from peftline.errors import PeftlineError
from peftline.evaluation import (
    answers,
    base,
    base_scores,
    baselines,
    generation,
    metrics,
    prompting,
)
from peftline.evaluation.protocol import Protocol, scoring_sha256
from peftline.formats.example import Example, Message, ToolCall
from peftline.rendering import template as templates
from peftline.schema import Evaluation
from peftline.tool_calls import REFUSAL, generate, rules, score

EVALUATION = Evaluation(max_new_tokens=6, few_shot=2)


@pytest.fixture
def scored(loud_base, sum_splits, rendering, tmp_path, float32):
    def run(**settings):
        evaluation = EVALUATION.model_copy(update=settings)
        return base_scores.read(
            base.score_base(loud_base, sum_splits, rendering, evaluation, tmp_path)
        )

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
    assert base_scores.read(again) == (rows, scores), (
        "nothing is computed again, so the model is not opened"
    )


@pytest.mark.parametrize("other", [{"latency": False}, {"forgetting": False}, {"validation": True}])
def test_what_is_measured_of_adapters_alone_leaves_the_base_as_it_is(scored, asked, other):
    first = scored()
    before = len(asked.passes)
    assert scored(**other) == first
    assert len(asked.passes) == before


def test_the_base_is_scored_anew_for_what_scores_it_and_not_for_what_recipes_are_made_of(
    scored, asked, change_source
):
    def passes():
        before = len(asked.passes)
        scored()
        return len(asked.passes) - before

    assert passes() > 0
    for module in ("adapters/lora", "optimizers/adamw", "objectives/sft", "quantization/four_bit"):
        change_source(f"{module}.py")
    change_source("delivery/adapter.py")
    assert passes() == 0
    for module in ("evaluation/metrics/text", "evaluation/generation"):
        change_source(f"{module}.py")
        assert passes() > 0


def test_without_shots_the_base_is_scored_one_way(scored):
    rows, scores = scored(few_shot=0)
    assert {row["mode"] for row in rows} == {"zero_shot", "constant"}
    assert "few_shot" not in scores
    assert scores["not_asked"] == {"few_shot": "evaluation.few_shot is 0"}
    assert scored()[1]["not_asked"] == {}


def test_examples_that_the_template_cannot_show_are_not_asked_and_it_is_said(scored, monkeypatch):
    monkeypatch.setattr(prompting, "refusal", lambda *_: "the chat template refuses it")
    _, scores = scored()
    assert "few_shot" not in scores
    assert scores["not_asked"] == {"few_shot": "the chat template refuses it"}


def test_how_answers_were_made_and_scored_stands_beside_the_scores(scored):
    protocol = Protocol(**scored(dtype="float32")[1]["protocol"])
    assert protocol == Protocol(
        metric_set="text",
        scoring_sha256=scoring_sha256(metrics.TEXT),
        max_new_tokens=6,
        dtype="float32",
        choices=None,
    )


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
    rows, scores = base_scores.read(scored)
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


def tokens_of_questions(base_folder, splits, rendering, worked=()):
    """Of the longest question of the test split; its answer is not counted."""
    template = templates.load(load_tokenizer(base_folder), rendering)
    asked = [(one.prompt, one.tools) for one in read_split(splits, "test")]
    return max(len(ids) for ids in prompting.token_ids(asked, template, list(worked)))


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_worked_examples_that_the_model_cannot_read_are_left_out_with_their_reason(
    short_context, tiny_base, sum_splits, rendering, tmp_path, float32, positions
):
    most = tokens_of_questions(tiny_base, sum_splits, rendering) + EVALUATION.max_new_tokens
    scored = base.score_base(
        short_context(most, positions), sum_splits, rendering, EVALUATION, tmp_path
    )
    rows, scores = base_scores.read(scored)
    assert len(rows) == 2 * 6, "zero-shot and constant"
    assert "few_shot" not in scores
    assert re.search(
        rf"6 of 6 questions of the test split with worked examples need .* the {most} that .*"
        "Set evaluation.few_shot lower than 2",
        scores["not_asked"]["few_shot"],
    )


def test_sets_of_worked_examples_that_can_be_read_are_tried(
    short_context, tiny_base, sum_splits, rendering, tmp_path, float32, caplog
):
    sets = base.shots.draw(read_split(sum_splits, "train"), 2, 3).sets
    needed = sorted(tokens_of_questions(tiny_base, sum_splits, rendering, one) for one in sets)
    assert needed[0] < needed[-1], "otherwise this test could not fail"
    most = needed[0] + EVALUATION.max_new_tokens
    scored = base.score_base(short_context(most), sum_splits, rendering, EVALUATION, tmp_path)
    _, scores = base_scores.read(scored)
    assert scores["not_asked"] == {}
    assert scores["few_shot"]["exact_match"]["n"] == 6
    assert "Fewer sets of worked examples are tried" in caplog.text


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_questions_that_the_model_cannot_read_stop_before_any_is_asked(
    short_context, tiny_base, sum_splits, rendering, tmp_path, float32, monkeypatch, positions
):
    monkeypatch.setattr(generation, "generate", None)
    most = tokens_of_questions(tiny_base, sum_splits, rendering) + EVALUATION.max_new_tokens - 1
    folder = short_context(most, positions)
    with pytest.raises(
        PeftlineError,
        match=rf"of 6 questions of the test split .* the {most} that .*max_new_tokens",
    ):
        base.score_base(folder, sum_splits, rendering, EVALUATION, tmp_path)
