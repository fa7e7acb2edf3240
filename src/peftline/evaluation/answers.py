"""Answer the test split: with the base alone, with examples in the prompt, with an adapter."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from peftline import jsonl, store
from peftline.base_model import hardware
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import iterate, read_split
from peftline.delivery import adapter as adapters
from peftline.delivery.answering import open_trained
from peftline.evaluation import asking, metrics, shots
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


def score_base(
    base: BaseModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    root: Path,
) -> tuple[Rows, dict[str, Any]]:
    """Score the untouched base, zero-shot and few-shot, once per data, base and settings.

    Returns:
        Predictions, each with its `mode`, and the metrics of each mode.
    """
    import peftline.base_model.loading
    import peftline.evaluation
    import peftline.formats
    import peftline.rendering
    import peftline.tool_calls.scoring

    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    key = {
        "base": base.sha256,
        "splits": splits.sha256,
        "rendering": rendering.model_dump(),
        "evaluation": evaluation.model_dump(),
        "code": store.code_hash(
            peftline.evaluation,
            peftline.rendering,
            peftline.formats,
            peftline.base_model.loading,
            peftline.tool_calls.scoring,
        ),
        "dtype": str(dtype),
        "versions": [transformers.__version__, torch.__version__],
    }

    def write(folder: Path) -> dict[str, Any]:
        """Score each mode; predictions go into the folder, metrics into its manifest."""
        model = load_model(base, dtype)
        template = templates.load(load_tokenizer(base), rendering)
        results = {}
        rows: Rows = []
        for mode, worked in _modes(splits, evaluation).items():
            answered, results[mode] = answer_test_split(
                model, template, splits, evaluation, worked, f"Base, {mode}"
            )
            rows += [{**row, "mode": mode} for row in answered]
        jsonl.write(folder / "predictions.jsonl", rows)
        return results

    path, results = store.build(root / "07_model_output" / "base", key, write)
    return list(jsonl.read(path / "predictions.jsonl")), results


def score_trained(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    quantized: Quantization | None = None,
) -> tuple[Rows, dict[str, Any]]:
    """Score what was trained: on the unquantised base, as it is delivered, or on a quantised one.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(trained, base, splits, rendering.model_dump())
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=quantized is None)
    model = open_trained(trained, base, dtype, quantized)
    title = "Adapter" if quantized is None else f"Adapter on {quantized.type}"
    template = templates.load(load_tokenizer(base), rendering)
    return answer_test_split(model, template, splits, evaluation, [], title)


def answer_test_split(
    model: "PreTrainedModel",
    template: Template,
    splits: Splits,
    evaluation: Evaluation,
    worked: list[Example],
    title: str,
) -> tuple[Rows, dict[str, Any]]:
    """Ask every test example and score what the model gives.

    Plain text has no prompts: it has no scores, except where the model is asked how likely it is.

    Returns:
        A row per example (id, prompt, reference, prediction, scores), and the metrics.

    Raises:
        PeftlineError: a reference is none that these metrics can score.
    """
    examples = _examples(splits, evaluation)
    if not examples:
        return [], {}
    references = [reference_of(example, template) for example in examples]
    metric_set = metrics.choose(evaluation.metrics, references)
    asking.check(metric_set, examples, references)
    asked = asking.Asked(model, template, evaluation, worked, title)
    found = asking.ask(asked, metric_set, examples, references)
    rows = [
        {
            "id": example.id,
            "prompt": "\n\n".join(message.text for message in example.prompt),
            "reference": reference,
            "prediction": prediction,
            "scores": scores,
        }
        for example, reference, (prediction, scores) in zip(
            examples, references, found, strict=True
        )
    ]
    return rows, metric_set.aggregate(rows)


def _examples(splits: Splits, evaluation: Evaluation) -> list[Example]:
    """What the test split has to ask."""
    wanted = metrics.SETS.get(evaluation.metrics)
    texts_too = wanted is not None and wanted.asks == "references"
    return [e for e in read_split(splits, "test") if e.prompt or texts_too]


def reference_of(example: Example, template: Template) -> str:
    """The answer of an example; calls as the template writes them and the model would."""
    if not example.messages[-1].tool_calls:
        return example.answer
    prompt = render.prompt_text(example.prompt, template, example.tools)
    shown = render.full_text(example, template).removeprefix(prompt)
    ids = template.tokenizer(shown.partition(template.end_text)[0], add_special_tokens=False)
    return template.tokenizer.decode(ids["input_ids"], skip_special_tokens=True)


def _modes(splits: Splits, evaluation: Evaluation) -> dict[str, list[Example]]:
    """The worked examples of each way to ask the base."""
    wanted = evaluation.few_shot
    few = shots.find(iterate(splits, "train"), wanted) if wanted else []
    return {"zero_shot": [], "few_shot": few} if few else {"zero_shot": []}
