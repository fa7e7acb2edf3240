"""Nodes that look at what a recipe will see, before it is trained."""

from pathlib import Path

from peftline.data_schema import Data
from peftline.handles import BaseModelFolder, Examples, Splits, Tokenised
from peftline.pipelines.finetune.named import general_text, parts_of
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def tokenise(
    splits: Splits, base: BaseModelFolder, rendering: Rendering, store_root: str
) -> Tokenised:
    """Render and tokenise training and validation examples."""
    from peftline.rendering.tokenise import tokenise as _tokenise

    return _tokenise(splits, base, rendering, Path(store_root))


def inspect(
    base: BaseModelFolder,
    examples: Examples,
    splits: Splits,
    tokenised: Tokenised,
    recipe: Recipe,
    data: Data,
    rendering: Rendering,
    evaluation: Evaluation,
    seed: int,
    run: dict,
) -> tuple[dict, str]:
    """What the model will see and what the run will cost, as a report and as a page."""
    from peftline.evaluation import text_loss
    from peftline.preflight.inspect import inspect as look
    from peftline.reports.preflight import page

    if evaluation.forgetting:
        text_loss.read(general_text(evaluation))  # refused here, not after the training
    report = look(
        name=run["recipe"],
        recipe=recipe,
        seed=seed,
        data=data,
        rendering=rendering,
        evaluation=evaluation,
        base=base,
        examples=examples,
        splits=splits,
        tokenised=tokenised,
        for_training=run["trains"],
        parts=parts_of(recipe, run, seed),
    )
    return report, page(report)


def gate(preflight: dict) -> dict:
    """Stop here if the preflight has found an error."""
    from peftline.preflight import problems

    return problems.gate(preflight)
