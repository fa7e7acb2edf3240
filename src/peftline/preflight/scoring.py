"""Whether answers can be scored, and be as long as they should, before anything is trained."""

from typing import Any

from peftline.evaluation import answers, asking
from peftline.handles import Splits
from peftline.rendering.template import Template
from peftline.schema import Evaluation


def unscorable(
    splits: Splits, template: Template, evaluation: Evaluation
) -> dict[str, dict[str, str]]:
    """References that the chosen metrics cannot score, by split and by where they come from.

    `auto` chooses what can.
    """
    if evaluation.metrics == "auto":
        return {}
    sides = ("test", "validation") if evaluation.validation else ("test",)
    found = {}
    for side in sides:
        asked = answers.questions(splits, side, evaluation)
        references, judged = answers.judged_by(asked, template, evaluation)
        found[side] = asking.unscorable(judged, asked, references)
    return found


def lengths(splits: Splits, template: Template, evaluation: Evaluation) -> dict[str, Any]:
    """How many references of the test split are longer than answers may be.

    Returns:
        `references`, those that are `longer`, tokens of the `longest` with the one that ends it,
        and the `limit`; of metrics that let nothing be written, nothing is counted.
    """
    asked = answers.questions(splits, "test", evaluation)
    references, judged = answers.judged_by(asked, template, evaluation)
    written = references if judged.asks == "answers" else []
    encoded = template.tokenizer(written, add_special_tokens=False)["input_ids"] if written else []
    tokens = [len(ids) + 1 for ids in encoded]
    limit = evaluation.max_new_tokens
    return {
        "references": len(tokens),
        "longer": sum(count > limit for count in tokens),
        "longest": max(tokens, default=0),
        "limit": limit,
    }
