"""What decides between settings: the validation loss, or a metric on the validation split."""

from peftline.base_model.loading import load_tokenizer
from peftline.errors import PeftlineError
from peftline.evaluation import answers, metrics
from peftline.handles import BaseModelFolder, Splits
from peftline.rendering import template as templates
from peftline.schema import Evaluation, Rendering
from peftline.sweep.point import LOSS

SELECTIONS = {LOSS: False} | {one.headline: one.higher_is_better for one in metrics.SETS.values()}
"""Whether more of it is better."""


def check(
    selection: str,
    splits: Splits,
    base: BaseModelFolder,
    rendering: Rendering,
    evaluation: Evaluation,
) -> None:
    """Find out before the first training whether the validation split can be judged by it.

    Raises:
        PeftlineError: its metrics are others, or it has nothing to ask.
    """
    if selection == LOSS:
        return
    asked = answers.questions(splits, "validation", evaluation)
    template = templates.load(load_tokenizer(base), rendering)
    judged = answers.judged_by(asked, template, evaluation)[1]
    if not asked or judged.headline != selection:
        there = f"is scored by {judged.headline} (metrics '{judged.name}')" if asked else "is text"
        raise PeftlineError(
            f"--select={selection}: the validation split {there}. Select by "
            f"{judged.headline if asked else LOSS}, or set evaluation.metrics."
        )
