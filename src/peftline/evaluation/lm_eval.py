"""Score the test split with lm-eval, the harness that published numbers come from.

A second opinion on our own scores, by other code: prompts are rendered by us, and what the harness
adds to them is switched off. It needs `pip install -e '.[lm-eval]'`.
"""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftline import jsonl
from peftline.corpus.split import read_split
from peftline.errors import PeftlineError
from peftline.evaluation.answers import reference_of
from peftline.evaluation.metrics import multiple_choice
from peftline.evaluation.metrics.labels import label
from peftline.handles import Splits
from peftline.rendering import render
from peftline.rendering.template import Template
from peftline.schema import Evaluation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

TASK = "peftline_test_split"
_BATCH_ROWS = 16


def score_with_lm_eval(
    model: "PreTrainedModel | PeftModel",
    template: Template,
    splits: Splits,
    evaluation: Evaluation,
    folder: Path,
) -> dict[str, float]:
    """The harness's own metrics of a model, zero-shot; nothing is downloaded.

    Args:
        model: as `delivery.answering.open_trained` gives it.
        evaluation: `metrics: multiple_choice` is scored by `acc` (which of the choices is the
            likeliest, with the token that ends an answer) and `acc_norm` (per character); all
            others let the model write its answers and score them by `exact_match`.
        folder: where the task's data is written, `test.jsonl`.

    Raises:
        PeftlineError: lm-eval is not installed, or there is nothing to ask.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise PeftlineError("lm-eval is not installed. Run: pip install -e '.[lm-eval]'")
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM

    rows = _rows(template, splits, evaluation)
    file = folder / "test.jsonl"
    jsonl.write(file, rows)
    found = simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=template.tokenizer, batch_size=_BATCH_ROWS),
        tasks=[task(file, evaluation, template.end_text)],
        num_fewshot=0,
        bootstrap_iters=0,
        log_samples=False,
    )
    results = found["results"][TASK]
    metrics = {name.partition(",")[0]: value for name, value in results.items()}
    return {name: metrics[name] for name in ("acc", "acc_norm", "exact_match") if name in metrics}


def task(file: Path, evaluation: Evaluation, end_text: str) -> dict[str, Any]:
    """A task of the harness on a file with `prompt`, and `reference` or `choices` and `label`."""
    common = {
        "task": TASK,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(file)}},
        "test_split": "test",
        "doc_to_text": "prompt",
        "target_delimiter": "",
    }
    if evaluation.metrics == "multiple_choice":
        return common | {
            "output_type": "multiple_choice",
            "doc_to_target": "label",
            "doc_to_choice": "choices",
            "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
        }
    return common | {
        "output_type": "generate_until",
        "doc_to_target": "reference",
        "generation_kwargs": {
            "until": [end_text],
            "max_gen_toks": evaluation.max_new_tokens,
            "do_sample": False,
        },
        "metric_list": [{"metric": "exact_match"}],
    }


def _rows(template: Template, splits: Splits, evaluation: Evaluation) -> list[dict[str, Any]]:
    examples = [example for example in read_split(splits, "test") if example.prompt]
    if not examples:
        raise PeftlineError("The test split is plain text: there is nothing to ask lm-eval for.")
    references = [reference_of(example, template) for example in examples]
    rows = [
        {
            "prompt": render.prompt_text(example.prompt, template, example.tools),
            "reference": reference,
        }
        for example, reference in zip(examples, references, strict=True)
    ]
    if evaluation.metrics != "multiple_choice":
        return rows
    choices = multiple_choice.choices(evaluation.choices, references)
    shown = [choice + template.end_text for choice in choices]
    known = [label(choice) for choice in choices]
    return [row | {"choices": shown, "label": known.index(label(row["reference"]))} for row in rows]
