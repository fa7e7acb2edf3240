"""Answer the questions of a split, and score the answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from peftline.base_model import hardware
from peftline.base_model.loading import load_tokenizer
from peftline.corpus.split import read_split
from peftline.delivery import adapter as adapters
from peftline.delivery.answering import open_trained
from peftline.evaluation import metrics, prompting
from peftline.evaluation.generation import Answer
from peftline.formats.example import Example
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits
from peftline.quantization import Quantization
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Evaluation, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Rows = list[dict[str, Any]]


def score_trained(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    quantized: Quantization | None = None,
    side: str = "test",
) -> tuple[Rows, dict[str, Any]]:
    """Score what was trained: on the unquantised base, as it is delivered, or on a quantised one.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(trained, base, splits, rendering.model_dump())
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=quantized is None)
    model = open_trained(trained, base, dtype, quantized)
    title = "Adapter" if quantized is None else f"Adapter on {quantized.type}"
    title += "" if side == "test" else f", {side}"
    template = templates.load(load_tokenizer(base), rendering)
    return answer_split(model, template, splits, evaluation, [], title, side)


def answer_split(
    model: "PreTrainedModel",
    template: Template,
    splits: Splits,
    evaluation: Evaluation,
    worked: list[Example],
    title: str,
    side: str = "test",
    most: int | None = None,
) -> tuple[Rows, dict[str, Any]]:
    """Answer every question of a split and score the answers; plain text asks none: no scores.

    Args:
        worked: examples that stand before each question.
        most: only so many questions, the first ones.

    Returns:
        A row per example (id, prompt, reference, prediction, finished, scores), and the metrics.
    """
    examples = questions(splits, side)[:most]
    if not examples:
        return [], {}
    answers = prompting.answer(
        model,
        template,
        [(example.prompt, example.tools) for example in examples],
        evaluation.max_new_tokens,
        evaluation.batch_tokens,
        worked,
        title,
    )
    return scored(examples, answers, template, evaluation)


def questions(splits: Splits, side: str) -> list[Example]:
    """The examples of a split that ask something."""
    return [example for example in read_split(splits, side) if example.prompt]


def scored(
    examples: Sequence[Example],
    answers: Sequence[Answer],
    template: Template,
    evaluation: Evaluation,
) -> tuple[Rows, dict[str, Any]]:
    """Compare answers with the references; returns what `answer_split` does."""
    references = [reference(example, template) for example in examples]
    kind = metrics.choose(evaluation.metrics, references)
    rows = [
        {
            "id": example.id,
            "prompt": "\n\n".join(message.text for message in example.prompt),
            "reference": due,
            "prediction": answer.text,
            "finished": answer.finished,
            "scores": metrics.score(kind, answer.text, due),
        }
        for example, due, answer in zip(examples, references, answers, strict=True)
    ]
    return rows, metrics.aggregate(kind, [row["scores"] for row in rows])


def reference(example: Example, template: Template) -> str:
    """The answer of an example; calls as the template writes them and the model would."""
    if not example.messages[-1].tool_calls:
        return example.answer
    prompt = render.prompt_text(example.prompt, template, example.tools)
    shown = render.full_text(example, template).removeprefix(prompt)
    ids = template.tokenizer(shown.partition(template.end_text)[0], add_special_tokens=False)
    return template.tokenizer.decode(ids["input_ids"], skip_special_tokens=True)
