"""What fine-tuning has to beat: the untouched base, prompted, and answers without a model."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from peftline import jsonl, sources, store
from peftline.base_model import context, hardware
from peftline.base_model.loading import load_base, load_tokenizer
from peftline.corpus.split import iterate
from peftline.delivery.placement import place
from peftline.evaluation import answers, base_scores, baselines, metrics, prompting, shots
from peftline.evaluation.asking import Outcome
from peftline.evaluation.protocol import Protocol
from peftline.evaluation.rows import Rows
from peftline.formats.example import Example
from peftline.handles import BaseModelFolder, BaseScores, Splits
from peftline.quantization import NF4
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Evaluation, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

Scored = tuple[Rows, dict[str, Any]]

DRAWN_ON = 48
"""Validation questions; more choose better, but each draw costs a pass over them."""
# Settings that the answers of the base do not depend on.
_OF_OTHERS = {
    "validation",
    "forgetting",
    "general_text",
    "latency",
    "run_deviation",
    "quantized",
    "memory_bytes",
}


def score_base(
    base: BaseModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    root: Path,
) -> BaseScores:
    """Score the untouched base and the baselines, once per data, base and settings.

    Where the base in 16 bits does not fit the device, it answers in four bits (NF4).
    """
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    held = place(base, NF4(), evaluation.memory_bytes).quantization
    key = {
        "base": base.sha256,
        "held": held.model_dump(),
        "splits": splits.sha256,
        "rendering": rendering.model_dump(),
        "evaluation": evaluation.model_dump(exclude=_OF_OTHERS),
        "code": sources.sha256_without_recipe(__name__, without="peftline.delivery"),
        "dtype": str(dtype),
        "versions": [transformers.__version__, torch.__version__],
    }

    def write(folder: Path) -> dict[str, Any]:
        """Score each mode; predictions go into the folder, metrics into its manifest."""
        template = templates.load(load_tokenizer(base), rendering)
        rows, results = _score(load_base(base, dtype, held), template, splits, evaluation)
        jsonl.write(folder / base_scores.ANSWERS, rows)
        return results | {"base_quantization": held.type}

    path, _ = store.build(root / "07_model_output" / "base", key, write)
    return BaseScores(
        path=path,
        sha256=base_scores.sha256(path),
        base_sha256=base.sha256,
        data_sha256=splits.sha256,
        rendering=rendering.model_dump(),
        evaluation=evaluation.model_dump(mode="json", exclude=_OF_OTHERS),
    )


def _score(
    model: "PreTrainedModel", template: Template, splits: Splits, evaluation: Evaluation
) -> Scored:
    found = {
        "zero_shot": answers.answer_split(
            model, template, splits, evaluation, [], "Base, zero_shot"
        )
    }
    drawn = worked_examples(template, splits, evaluation, context.tokens_left(model))
    not_asked = {"few_shot": drawn.why_none} if drawn.why_none else {}
    worked, tried = _best(drawn.sets, model, template, splits, evaluation)
    if worked:
        found["few_shot"] = answers.answer_split(
            model, template, splits, evaluation, worked, "Base, few_shot"
        )
    found |= _without_model(template, splits, evaluation)
    rows = [{**row, "mode": mode} for mode, (answered, _) in found.items() for row in answered]
    results: dict[str, Any] = {mode: scores for mode, (_, scores) in found.items()}
    results |= {"not_asked": not_asked, "protocol": Protocol.of(evaluation, rows).model_dump()}
    return rows, results | ({"few_shot_draws": tried} if tried else {})


def worked_examples(
    template: Template, splits: Splits, evaluation: Evaluation, most_tokens: int | None
) -> shots.Draws:
    """Worked examples that the template can show and the model read, or why there are none.

    Args:
        most_tokens: that the model can read; None without a limit.
    """
    train = iterate(splits, "train")
    drawn = shots.draw(train, evaluation.few_shot, evaluation.few_shot_draws)
    asked = answers.questions(splits, "test", evaluation)
    sides = {"test": None} | ({"validation": DRAWN_ON} if len(drawn.sets) > 1 else {})
    fitting, why_none = [], drawn.why_none
    for one in drawn.sets:
        if refused := prompting.refusal(asked, one, template):
            return shots.Draws([], refused)
        found = (
            answers.too_long(splits, side, template, evaluation, one, most_tokens, most)
            for side, most in sides.items()
        )
        if problem := next(filter(None, found), ""):
            why_none = f"{problem} Set evaluation.few_shot lower than {evaluation.few_shot}"
        else:
            fitting.append(one)
    if fitting and why_none:
        logger.warning("Fewer sets of worked examples are tried: %s.", why_none)
    return shots.Draws(fitting, "" if fitting else why_none)


def _best(
    draws: list[list[Example]],
    model: "PreTrainedModel",
    template: Template,
    splits: Splits,
    evaluation: Evaluation,
) -> tuple[list[Example], dict[str, Any] | None]:
    """The worked examples that answer the validation split best, and the scores of all draws."""
    if len(draws) < 2:
        return (draws[0] if draws else []), None
    found = [
        answers.answer_split(
            model, template, splits, evaluation, one, f"Shots {at}", "validation", DRAWN_ON
        )
        for at, one in enumerate(draws)
    ]
    judged = metrics.of_answers(evaluation.metrics, found[0][0])
    if judged is None:  # validation asks nothing
        return draws[0], None
    name, best = judged.headline, max if judged.higher_is_better else min
    values = [scores[name]["value"] for _, scores in found]
    chosen = values.index(best(values))  # the first of equals
    tried = {"chosen": chosen, "metric": name, "n": found[0][1][name]["n"], "values": values}
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
