"""The node that ends a run."""

from peftline import identity
from peftline.delivery.placement import Placement
from peftline.handles import (
    AdapterFolder,
    BaseModelFolder,
    BaseScores,
    Examples,
    ModelFolder,
    RunInputs,
    Splits,
    Tokenised,
)
from peftline.paths import project_folder
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def summarise(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    examples: Examples,
    splits: Splits,
    tokenised: Tokenised,
    base_scores: BaseScores,
    recipe: Recipe,
    rendering: Rendering,
    evaluation: Evaluation,
    history: dict,
    metrics: dict,
    validation_metrics: dict,
    predictions: list[dict],
    forgetting: dict,
    generation: dict,
    placement: Placement,
    metrics_quantized: dict | None = None,
    metrics_unquantized: dict | None = None,
    merge_report: dict | None = None,
) -> tuple[RunInputs, dict]:
    """What the run was made of, and its result in one file, with its verdict."""
    from peftline import agreement
    from peftline.evaluation.base_scores import read
    from peftline.reports import summary

    inputs = RunInputs(
        examples=examples,
        splits=splits,
        base_model=base,
        tokenised=tokenised,
        base_scores=base_scores,
    )
    base_predictions, base_metrics = read(base_scores)
    agreement.check(trained, inputs, rendering, evaluation, predictions, base_predictions)
    agreement.check_versions(trained, recipe, evaluation, history, predictions, base_metrics)
    result = summary.summarise(
        trained=trained,
        base=base,
        splits=splits,
        tokenised=tokenised,
        recipe=recipe,
        evaluation=evaluation,
        history=history,
        scores=metrics,
        scores_validation=validation_metrics or None,
        scores_quantized=metrics_quantized or None,
        scores_unquantized=metrics_unquantized or None,
        placement=placement,
        base_scores=base_metrics,
        predictions=predictions,
        base_predictions=base_predictions,
        forgetting=forgetting or None,
        generation=generation or None,
        merge_report=merge_report,
        git_sha=identity.git_sha(project_folder()),
    )
    return inputs, result | {"base_scores_sha256": base_scores.sha256}
