import math

import pytest
import torch

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import read_split
from peftline.delivery.answering import open_trained
from peftline.errors import PeftlineError
from peftline.evaluation import answers, asking, generation
from peftline.evaluation import base as untrained
from peftline.evaluation.generation import Answer
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.formats.example import Example, Message, ToolCall
from peftline.labels import IGNORED
from peftline.quantization import NF4
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.schema import Evaluation, Rendering
from tests.rendering.examples import template_of

EVALUATION = Evaluation(max_new_tokens=6, few_shot=2)


def test_an_adapter_is_scored_on_every_test_example(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_trained(
        loud_base, trained_lora.handle, sum_splits, rendering, EVALUATION
    )
    assert [row["reference"] for row in rows] == [str(i) for i in range(30, 36)]
    assert all(row["prompt"].startswith("Add ") for row in rows)
    hits = [row["prediction"].split() == row["reference"].split() for row in rows]
    assert scores["exact_match"]["value"] == pytest.approx(sum(hits) / 6, abs=1e-6)
    assert [row["scores"]["exact_match"] for row in rows] == hits


def test_a_row_says_whether_the_answer_ended_by_itself(
    monkeypatch, sum_splits, tiny_tokenizer, rendering
):
    said = [Answer("30", True), Answer("31", False)] * 3
    monkeypatch.setattr(generation, "generate", lambda *_, **__: said)
    model = templates.load(tiny_tokenizer, rendering)
    rows, _ = answers.answer_split(None, model, sum_splits, EVALUATION, [], "")
    assert [(row["prediction"], row["finished"]) for row in rows] == said


def test_the_validation_split_can_be_asked_in_place_of_the_test_split(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_trained(
        loud_base, trained_lora.handle, sum_splits, rendering, EVALUATION, side="validation"
    )
    assert [row["reference"] for row in rows] == [str(i) for i in range(24, 30)]
    assert scores["exact_match"]["n"] == 6


def test_an_adapter_can_be_scored_on_a_quantized_base(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_trained(
        loud_base, trained_lora.handle, sum_splits, rendering, EVALUATION, NF4()
    )
    assert len(rows) == scores["exact_match"]["n"] == 6


def test_an_adapter_of_another_rendering_is_refused(trained_lora, loud_base, sum_splits):
    with pytest.raises(PeftlineError, match="another rendering"):
        answers.score_trained(
            loud_base, trained_lora.handle, sum_splits, Rendering(format="alpaca"), EVALUATION
        )


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        (
            "chatml",
            '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>',
        ),
        ("llama-3", '{"name": "f", "parameters": {"x": 1}}'),
        (
            "qwen-3",
            "<think>\n\n</think>\n\n"
            '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>',
        ),
    ],
)
def test_the_reference_of_a_call_is_what_the_model_should_write(name, reference, monkeypatch):
    call = Message(role="assistant", tool_calls=[ToolCall(name="f", arguments={"x": 1})])
    messages = [Message(role="user", content="Call f."), call]
    example = Example(id="a", group="a", messages=messages, tools=[{"name": "f"}])
    monkeypatch.setattr(answers, "read_split", lambda splits, side: [example])
    monkeypatch.setattr(generation, "generate", lambda *_, **__: [Answer(reference, True)])
    model = template_of(name)
    rows, scores = answers.answer_split(None, model, None, EVALUATION, [], "")
    assert rows[0]["reference"] == reference
    assert scores["exact_match"]["value"] == 1


def test_plain_text_has_nothing_to_ask(monkeypatch):
    text = Example(
        id="a", group="a", kind="text", messages=[Message(role="assistant", content="Once.")]
    )
    monkeypatch.setattr(answers, "read_split", lambda splits, side: [text])
    assert answers.answer_split(None, None, None, EVALUATION, [], "") == ([], {})


def settings(**values):
    return Evaluation(max_new_tokens=6, few_shot=2, **values)


def test_multiple_choice_takes_the_likeliest_of_the_references(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_trained(
        loud_base, trained_lora.handle, sum_splits, rendering, settings(metrics="multiple_choice")
    )
    assert set(scores) == {"accuracy", "accuracy_per_token"}
    choices = {str(i) for i in range(30, 36)}
    assert [row["reference"] for row in rows] == sorted(choices)
    assert {row["prediction"] for row in rows} <= choices
    hits = [row["prediction"] == row["reference"] for row in rows]
    assert [row["scores"]["accuracy"] for row in rows] == hits
    assert scores["accuracy"]["value"] == pytest.approx(sum(hits) / 6, abs=1e-6)


def test_a_model_that_knows_the_answer_by_heart_chooses_it(
    loud_base, sum_splits, rendering, monkeypatch
):
    """The only likely token after the prompt is the choice that is wanted."""
    chosen = settings(metrics="multiple_choice", choices=["yes", "30", "31", "no", "32", "33"])
    first = read_split(sum_splits, "test")[:4]
    monkeypatch.setattr(answers, "read_split", lambda splits, side: first)
    template = templates.load(load_tokenizer(loud_base), rendering)

    def knows(model, rows, batch_tokens, title):
        assert len(rows) == 4 * 6
        texts = [template.tokenizer.decode(row.input_ids) for row in rows]
        return [
            Likelihood(-1.0 if f"Add {at // 6 + 30} and" in text and at % 6 == want else -9.0, 3)
            for at, text in enumerate(texts)
            for want in [(1, 2, 4, 5)[at // 6]]
        ]

    monkeypatch.setattr(asking, "log_likelihoods", knows)
    model = load_model(loud_base)
    rows, scores = answers.answer_split(model, template, None, chosen, [], "")
    assert [row["prediction"] for row in rows] == ["30", "31", "32", "33"]
    assert scores["accuracy"]["value"] == 1


def test_perplexity_is_that_of_the_references_after_their_prompts(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_trained(
        loud_base, trained_lora.handle, sum_splits, rendering, settings(metrics="perplexity")
    )
    template = templates.load(load_tokenizer(loud_base), rendering)
    model = open_trained(trained_lora.handle, loud_base, torch.float32)
    total = count = 0.0
    for example in read_split(sum_splits, "test"):
        tokens = render.tokens(example, template)
        labels = torch.tensor([tokens.labels])
        with torch.no_grad():
            loss = model(input_ids=torch.tensor([tokens.input_ids]), labels=labels).loss.item()
        supervised = (labels != IGNORED).sum().item()
        total, count = total + loss * supervised, count + supervised
    found = scores["negative_log_likelihood"]
    assert found["value"] == pytest.approx(total / count, abs=1e-4)
    assert found["tokens"] == count
    assert scores["perplexity"]["value"] == pytest.approx(math.exp(total / count), rel=1e-3)
    assert {row["prediction"] for row in rows} == {None}


def test_the_base_is_scored_by_likelihood_with_and_without_worked_examples(
    loud_base, sum_splits, rendering, tmp_path, float32
):
    rows, scores = untrained.score_base(
        loud_base, sum_splits, rendering, settings(metrics="perplexity"), tmp_path
    )
    draws = scores["few_shot_draws"]
    zero, few = (scores[mode]["negative_log_likelihood"] for mode in ("zero_shot", "few_shot"))
    assert zero["value"] != few["value"]
    assert not {"constant", "rules"} & scores.keys()
    assert len(rows) == 12
    assert draws["metric"] == "negative_log_likelihood"
    assert draws["values"][draws["chosen"]] == min(draws["values"])


def test_plain_text_has_a_perplexity_as_a_whole(loud_base, rendering, monkeypatch):
    text = Example(
        id="a", group="a", kind="text", messages=[Message(role="assistant", content="Once upon.")]
    )
    monkeypatch.setattr(answers, "read_split", lambda splits, side: [text])
    template, model = templates.load(load_tokenizer(loud_base), rendering), load_model(loud_base)
    rows, scores = answers.answer_split(
        model, template, None, settings(metrics="perplexity"), [], ""
    )
    assert (rows[0]["prompt"], rows[0]["reference"]) == ("", "Once upon.")
    ids = template.tokenizer("Once upon.")["input_ids"]
    assert scores["negative_log_likelihood"]["tokens"] == len(ids)  # and the end, but the first


def test_an_example_longer_than_the_model_can_read_is_refused(
    loud_base, rendering, monkeypatch, make_example
):
    long = make_example("word " * 1000).model_copy(update={"origin": "rows.jsonl, row 7"})
    monkeypatch.setattr(answers, "read_split", lambda splits, side: [long])
    template, model = templates.load(load_tokenizer(loud_base), rendering), load_model(loud_base)
    with pytest.raises(PeftlineError, match=r"rows.jsonl, row 7: 5\d\d\d tokens .* the 4096"):
        answers.answer_split(model, template, None, settings(metrics="perplexity"), [], "")


@pytest.mark.parametrize("metrics", ["numeric", "tool_calls"])
def test_references_that_cannot_be_scored_are_refused_before_the_model_is_asked(
    metrics, monkeypatch, make_example
):
    wrong = make_example("How many?", "many").model_copy(update={"origin": "rows.jsonl, row 7"})
    monkeypatch.setattr(answers, "read_split", lambda splits, side: [wrong])
    with pytest.raises(PeftlineError, match=f"test split .*metrics={metrics}: rows.jsonl, row 7"):
        answers.answer_split(None, None, None, settings(metrics=metrics), [], "")


def test_classes_are_scored_as_labels_of_either_kind(loud_base, rendering, monkeypatch):
    classes = [
        Example(
            id=label,
            group=label,
            kind="classification",
            messages=[Message(role="user", content=f"It is {label}.")],
            label=label,
        )
        for label in ("good", "bad")
    ]
    monkeypatch.setattr(answers, "read_split", lambda splits, side: classes)
    monkeypatch.setattr(
        generation, "generate", lambda *_, **__: [Answer("Good", True), Answer("good", False)]
    )
    template, model = templates.load(load_tokenizer(loud_base), rendering), load_model(loud_base)
    rows, scores = answers.answer_split(model, template, None, settings(metrics="labels"), [], "")
    assert [row["scores"]["accuracy"] for row in rows] == [True, False]
    rows, _ = answers.answer_split(
        model, template, None, settings(metrics="multiple_choice"), [], ""
    )
    assert {row["prediction"] for row in rows} <= {"good", "bad"}
