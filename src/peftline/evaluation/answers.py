"""Answer the questions of a split, and score the answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from peftline.base_model import context, hardware
from peftline.base_model.loading import load_tokenizer
from peftline.corpus.split import read_split
from peftline.delivery import adapter as adapters
from peftline.delivery.answering import open_beside, open_trained
from peftline.evaluation import asking, metrics
from peftline.evaluation.asking import Outcome
from peftline.evaluation.metrics import multiple_choice
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.rows import Rows
from peftline.formats.example import Example
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits
from peftline.quantization import Quantization
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Evaluation, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def score_trained(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    held: Quantization | None = None,
    side: str = "test",
) -> tuple[Rows, dict[str, Any]]:
    """Score what was trained as it is delivered.

    Args:
        held: how the base is, where the unquantised one is too large for the device.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(trained, base, splits, rendering.model_dump())
    dtype = hardware.scoring_dtype(evaluation.dtype)
    model = open_trained(trained, base, dtype, held)
    title = "Adapter" if side == "test" else f"Adapter, {side}"
    template = templates.load(load_tokenizer(base), rendering)
    return answer_split(model, template, splits, evaluation, [], title, side)


def score_beside(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    held: Quantization,
) -> dict[str, Any]:
    """The metrics of an adapter beside its base, unmerged: two of these, of a quantised base and of
    one that is not, differ by the weights of the base alone.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(adapter, base, splits, rendering.model_dump())
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    model = open_beside(adapter, base, dtype, held, unpack=True)
    template = templates.load(load_tokenizer(base), rendering)
    return answer_split(model, template, splits, evaluation, [], f"Beside {held.type}")[1]


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
    """Ask every example of a split and score what the model gives.

    Plain text has no prompts: it has no scores, except where the model is asked how likely it is.

    Args:
        worked: examples that stand before each question.
        most: only so many examples, the first ones.

    Returns:
        A row per example (id, prompt, reference, prediction, finished, scores), and the metrics.

    Raises:
        PeftlineError: a reference is none that these metrics can score.
    """
    examples = questions(splits, side, evaluation)[:most]
    if not examples:
        return [], {}
    references, metric_set = judged_by(examples, template, evaluation)
    asking.check(metric_set, examples, references, side)
    settings = _with_choices(evaluation, splits, references, template)
    asked = asking.Asked(model, template, settings, worked, title, side)
    outcomes = asking.ask(asked, metric_set, examples, references)
    return collected(examples, references, outcomes, metric_set)


def questions(splits: Splits, side: str, evaluation: Evaluation) -> list[Example]:
    """What a split has to ask."""
    wanted = metrics.SETS.get(evaluation.metrics)
    texts_too = wanted is not None and wanted.asks == "references"
    return [e for e in read_split(splits, side) if e.prompt or texts_too]


def too_long(
    splits: Splits,
    side: str,
    template: Template,
    evaluation: Evaluation,
    worked: list[Example],
    most_tokens: int | None,
    most: int | None = None,
) -> str:
    """Which questions of a split are longer than a model can read; empty if none is.

    Args:
        worked: examples that stand before each question.
        most_tokens: that the model can read, answer included; None without a limit.
        most: only so many examples, the first ones.

    Raises:
        PeftlineError: there are no sound choices.
    """
    examples = questions(splits, side, evaluation)[:most]
    if most_tokens is None or not examples:
        return ""
    references, judged = judged_by(examples, template, evaluation)
    settings = _with_choices(evaluation, splits, references, template)
    tokens = asking.tokens_needed(judged, examples, references, template, settings, worked)
    names = [example.origin or example.id for example in examples]
    what = f"questions of the {side} split" + (" with worked examples" if worked else "")
    return context.why_too_long(names, tokens, most_tokens, what)


def judged_by(
    examples: Sequence[Example], template: Template, evaluation: Evaluation
) -> tuple[list[str], MetricSet]:
    """The references of examples, and the metrics that they are scored by."""
    references = [reference_of(example, template) for example in examples]
    return references, metrics.choose(evaluation.metrics, references)


def _with_choices(
    evaluation: Evaluation, splits: Splits, asked: list[str], template: Template
) -> Evaluation:
    """The choices that are named, or all of the test split, also where few of it are asked."""
    if evaluation.metrics != "multiple_choice" or evaluation.choices is not None:
        return evaluation
    given = [reference_of(one, template) for one in questions(splits, "test", evaluation)]
    found = multiple_choice.choices(None, [*given, *asked])
    return evaluation.model_copy(update={"choices": found})


def collected(
    examples: Sequence[Example],
    references: Sequence[str],
    outcomes: Sequence[Outcome],
    metric_set: MetricSet,
) -> tuple[Rows, dict[str, Any]]:
    """What `answer_split` returns."""
    rows = [
        {
            "id": example.id,
            "group": example.group or example.id,
            "prompt": "\n\n".join(message.text for message in example.prompt),
            "reference": due,
            "prediction": outcome.prediction,
            "finished": outcome.finished,
            "scores": outcome.scores,
        }
        for example, due, outcome in zip(examples, references, outcomes, strict=True)
    ]
    return rows, metric_set.aggregate(rows)


def reference_of(example: Example, template: Template) -> str:
    """The answer of an example; calls as the template writes them and the model would."""
    if not example.messages[-1].tool_calls:
        return example.answer
    prompt = render.prompt_text(example.prompt, template, example.tools)
    shown = render.full_text(example, template).removeprefix(prompt)
    ids = template.tokenizer(shown.partition(template.end_text)[0], add_special_tokens=False)
    return template.tokenizer.decode(ids["input_ids"], skip_special_tokens=True)
