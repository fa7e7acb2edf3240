"""What fine-tuning has to beat: the untouched base, prompted, and answers without a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from peftline import jsonl, sources, store
from peftline.base_model import hardware
from peftline.base_model.loading import load_base, load_tokenizer
from peftline.corpus.split import iterate
from peftline.delivery.placement import place
from peftline.evaluation import answers, baselines, metrics, shots
from peftline.evaluation.asking import Outcome
from peftline.evaluation.rows import Rows
from peftline.formats.example import Example
from peftline.handles import BaseModelFolder, Splits
from peftline.quantization import NF4
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Evaluation, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Scored = tuple[Rows, dict[str, Any]]

DRAWN_ON = 48
"""Validation questions; more choose better, but each draw costs a pass over them."""
# Settings that the answers of the base do not depend on.
_OF_OTHERS = {"validation", "forgetting", "general_text", "latency", "quantized", "memory_bytes"}


def score_base(
    base: BaseModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    root: Path,
) -> Scored:
    """Score the untouched base and the baselines, once per data, base and settings.

    Where the base in 16 bits does not fit the device, it answers in four bits (NF4).

    Returns:
        Predictions, each with its `mode`, and the metrics of each mode; where several draws of
        worked examples were tried, `few_shot_draws`: which was `chosen`, by which `metric` on how
        many validation questions (`n`), and the `values` of all draws.
    """
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    held = place(base, NF4(), evaluation.memory_bytes).quantization
    key = {
        "base": base.sha256,
        "held": held.model_dump(),
        "splits": splits.sha256,
        "rendering": rendering.model_dump(),
        "evaluation": evaluation.model_dump(exclude=_OF_OTHERS),
        "code": sources.sha256_without_adapters(__name__),
        "dtype": str(dtype),
        "versions": [transformers.__version__, torch.__version__],
    }

    def write(folder: Path) -> dict[str, Any]:
        """Score each mode; predictions go into the folder, metrics into its manifest."""
        template = templates.load(load_tokenizer(base), rendering)
        rows, results = _score(load_base(base, dtype, held), template, splits, evaluation)
        jsonl.write(folder / "predictions.jsonl", rows)
        return results

    path, results = store.build(root / "07_model_output" / "base", key, write)
    return list(jsonl.read(path / "predictions.jsonl")), results


def _score(
    model: "PreTrainedModel", template: Template, splits: Splits, evaluation: Evaluation
) -> Scored:
    found = {
        "zero_shot": answers.answer_split(
            model, template, splits, evaluation, [], "Base, zero_shot"
        )
    }
    worked, tried = _worked(model, template, splits, evaluation)
    if worked:
        found["few_shot"] = answers.answer_split(
            model, template, splits, evaluation, worked, "Base, few_shot"
        )
    found |= _without_model(template, splits, evaluation)
    rows = [{**row, "mode": mode} for mode, (answered, _) in found.items() for row in answered]
    results = {mode: scores for mode, (_, scores) in found.items()}
    return rows, results | ({"few_shot_draws": tried} if tried else {})


def _worked(
    model: "PreTrainedModel", template: Template, splits: Splits, evaluation: Evaluation
) -> tuple[list[Example], dict[str, Any] | None]:
    """The worked examples that answer the validation split best, and the scores of all draws."""
    if not evaluation.few_shot:
        return [], None
    train = iterate(splits, "train")
    draws = shots.draw(train, evaluation.few_shot, evaluation.few_shot_draws)
    if len(draws) < 2:
        return (draws[0] if draws else []), None
    found = [
        answers.answer_split(
            model, template, splits, evaluation, one, f"Shots {at}", "validation", DRAWN_ON
        )[1]
        for at, one in enumerate(draws)
    ]
    if not all(found):  # validation asks nothing
        return draws[0], None
    judged = metrics.of(found[0])
    name, best = judged.headline, max if judged.higher_is_better else min
    values = [scores[name]["value"] for scores in found]
    chosen = values.index(best(values))  # the first of equals
    tried = {"chosen": chosen, "metric": name, "n": found[0][name]["n"], "values": values}
    return draws[chosen], tried


def _without_model(template: Template, splits: Splits, evaluation: Evaluation) -> dict[str, Scored]:
    """The baselines that there are for this data: none where the model judges given answers."""
    examples = answers.questions(splits, "test", evaluation)
    if not examples:
        return {}
    references, judged = answers.judged_by(examples, template, evaluation)
    if judged.asks != "answers":
        return {}
    texts: dict[str, list[str]] = {}
    often = baselines.most_frequent(iterate(splits, "train"))
    if often:
        texts["constant"] = [answers.reference_of(often, template)] * len(examples)
    ruled = baselines.by_rules(examples)
    if ruled and judged is metrics.TOOL_CALLS:
        texts["rules"] = ruled
    scores = {
        mode: [
            Outcome(text, True, judged.score(text, due))
            for text, due in zip(said, references, strict=True)
        ]
        for mode, said in texts.items()
    }
    return {
        mode: answers.collected(examples, references, outcomes, judged)
        for mode, outcomes in scores.items()
    }
