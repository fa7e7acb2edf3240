import pytest

from peftline.errors import PeftlineError
from peftline.evaluation import answers, generation
from peftline.evaluation.generation import Answer
from peftline.formats.example import Example, Message, ToolCall
from peftline.quantization import NF4
from peftline.rendering import template
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
    model = template.load(tiny_tokenizer, rendering)
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
