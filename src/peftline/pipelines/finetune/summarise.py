"""The node that ends a run."""

from typing import Any

from peftline import identity
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits, Tokenised
from peftline.paths import project_folder
from peftline.schema import Evaluation, Recipe


def summarise(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    splits: Splits,
    tokenised: Tokenised,
    recipe: Recipe,
    evaluation: Evaluation,
    history: dict,
    metrics: dict,
    validation_metrics: dict,
    base_metrics: dict,
    predictions: list[dict],
    base_predictions: list[dict],
    forgetting: dict,
    generation: dict,
    placement: Any,
    metrics_quantized: dict | None = None,
    metrics_unquantized: dict | None = None,
    merge_report: dict | None = None,
) -> dict:
    """The result of the run in one file, with its verdict."""
    from peftline.reports import summary

    return summary.summarise(
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
