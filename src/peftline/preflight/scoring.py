"""Whether answers can be scored, asked before anything is trained."""

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
