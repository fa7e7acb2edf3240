"""Whether answers can be scored, and be as long as they should, before anything is trained."""

from typing import Any

from peftline.errors import PeftlineError
from peftline.evaluation import answers, asking
from peftline.evaluation.base import DRAWN_ON, worked_examples
from peftline.evaluation.metrics import multiple_choice
from peftline.handles import Splits
from peftline.rendering.template import Template
from peftline.schema import Evaluation


def check(
    splits: Splits,
    template: Template,
    evaluation: Evaluation,
    most_tokens: int | None = None,
    virtual_tokens: int = 0,
) -> dict[str, Any]:
    """Look at prompts and references of the test split, and of validation as far as it is asked.

    Args:
        most_tokens: that the base model can read, answer included; None without a limit.
        virtual_tokens: of the recipe's adapter, which stand before each prompt.

    Returns:
        `problems`, in words; `too_long`: prompts that the model cannot read, in words;
        `no_few_shot`: why the base is shown no worked examples though they are wanted, or nothing;
        of metrics that let answers be written, how many `references` the
        test split has, those that are `longer` than answers may be (`limit`), and tokens of the
        `longest`, with the one that ends it.
    """
    found, problems = {}, []
    for side, most in _asked(evaluation).items():
        examples = answers.questions(splits, side, evaluation)[:most]
        references, judged = answers.judged_by(examples, template, evaluation)
        reasons = asking.unscorable(judged, examples, references)
        if reasons:
            problems.append(asking.why_unscorable(reasons, judged.name, side))
        found[side] = (references, judged)
    references, judged = found["test"]
    if judged.asks == "choices" and references:
        try:
            others = [one for side in found for one in found[side][0]]
            multiple_choice.choices(evaluation.choices, others)
        except PeftlineError as error:
            problems.append(str(error))
    too_long, no_few_shot = [], ""
    if not problems:
        left = None if most_tokens is None else most_tokens - virtual_tokens
        sides = ("test", "validation") if evaluation.validation else ("test",)
        told = (answers.too_long(splits, s, template, evaluation, [], left) for s in sides)
        too_long = [problem for problem in told if problem]
        if evaluation.few_shot and references:
            no_few_shot = worked_examples(template, splits, evaluation, most_tokens).why_none
    return {
        "problems": problems,
        "too_long": too_long,
        "no_few_shot": no_few_shot,
        **_lengths(references if judged.asks == "answers" else [], template, evaluation),
    }


def _asked(evaluation: Evaluation) -> dict[str, int | None]:
    """The splits that are asked, and how many of their first questions; None for all."""
    if evaluation.validation:
        return {"test": None, "validation": None}
    draws = evaluation.few_shot and evaluation.few_shot_draws > 1
    return {"test": None, "validation": DRAWN_ON} if draws else {"test": None}


def _lengths(references: list[str], template: Template, evaluation: Evaluation) -> dict[str, int]:
    encoded = template.tokenizer(references, add_special_tokens=False) if references else {}
    tokens = [len(ids) + 1 for ids in encoded.get("input_ids", ())]
    return {
        "references": len(tokens),
        "longer": sum(count > evaluation.max_new_tokens for count in tokens),
        "longest": max(tokens, default=0),
        "limit": evaluation.max_new_tokens,
    }
