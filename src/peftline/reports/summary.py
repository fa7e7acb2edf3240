"""The result of one run, in one flat file."""

import math
from typing import Any

from peftline import identity, units
from peftline.delivery.placement import Placement
from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.rows import Rows
from peftline.evaluation.significance import SIGNIFICANT, paired_p_value
from peftline.evaluation.statistics import paired_difference
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits, Tokenised
from peftline.reports import health
from peftline.reports.losses import is_number, points
from peftline.schema import Evaluation, Recipe

PROMPTING = ("zero_shot", "few_shot")
"""What the verdict compares with."""
MODES = (*PROMPTING, "constant", "rules")
"""Besides: the most frequent training answer, and the rules for the built-in data."""


def summarise(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    splits: Splits,
    tokenised: Tokenised,
    recipe: Recipe,
    evaluation: Evaluation,
    history: dict[str, Any],
    scores: dict[str, Any],
    scores_validation: dict[str, Any] | None,
    scores_quantized: dict[str, Any] | None,
    scores_unquantized: dict[str, Any] | None,
    base_scores: dict[str, Any],
    predictions: Rows,
    base_predictions: Rows,
    forgetting: dict[str, Any] | None,
    generation: dict[str, Any] | None,
    placement: Placement,
    merge_report: dict[str, Any] | None,
    git_sha: str | None,
) -> dict[str, Any]:
    """Collect what is known about a run. Units are in the names; what does not apply is null."""
    return {
        "recipe": trained.recipe,
        "seed": trained.seed,
        "status": "finished",
        "verdict": verdict(trained, history, scores, base_scores, predictions, base_predictions)
        + _on_which_weights(placement),
        "health": health.findings(history, predictions),
        "metrics": scores,
        "scored_on": placement.scored_on,
        "metrics_quantized": scores_quantized,
        "metrics_unquantized": scores_unquantized,
        "base_metrics": {mode: base_scores.get(mode) for mode in MODES},
        "few_shot_draws": base_scores.get("few_shot_draws"),
        "validation_metrics": scores_validation,
        "forgetting": forgetting,
        "generation": generation,
        "merge": merge_report,
        "trainable_parameters": history["trainable_parameters"],
        "total_parameters": history["total_parameters"],
        "adapter_bytes": trained.adapter_bytes,
        "peak_memory_bytes": history["peak_memory_bytes"],
        "train_seconds": history["train_seconds"],
        "tokens_per_second": history["tokens_per_second"],
        "tokens": history["tokens"],
        "steps": history["steps"],
        "train_loss": history["train_loss"],
        "validation_loss": history["validation_loss"],
        "data": {
            "sha256": splits.sha256,
            "train": splits.train,
            "validation": splits.validation,
            "test": splits.test,
            "not_whole": tokenised.not_whole,
        },
        "base_model": {
            "id": base.id,
            "revision": base.revision,
            "sha256": base.sha256,
            "parameters": base.parameters,
        },
        "settings": recipe.model_dump(mode="json"),
        "evaluation": evaluation.model_dump(mode="json"),
        "rendering": trained.rendering,
        "parts": trained.parts,
        "input_hash": trained.input_hash,
        "versions": identity.versions(),
        "git_sha": git_sha,
    }


def verdict(
    trained: AdapterFolder | ModelFolder,
    history: dict[str, Any],
    scores: dict[str, Any],
    base_scores: dict[str, Any],
    predictions: Rows,
    base_predictions: Rows,
) -> str:
    """One sentence: does fine-tuning beat prompting here, by how much, at what cost?

    The better prompting of the base is compared on the same examples by the headline of the
    metrics, with the test of the comparison (`paired_p_value`); the interval is a bootstrap's.
    """
    if not scores:
        return _of_losses(trained, history)
    judged = metrics.of(scores)
    name, sign = judged.headline, 1 if judged.higher_is_better else -1
    modes = [mode for mode in PROMPTING if mode in base_scores]
    best = max(modes, key=lambda mode: sign * base_scores[mode][name]["value"])
    prompted = {row["id"]: row for row in base_predictions if row["mode"] == best}
    ours = judged.values(predictions)
    theirs = judged.values([prompted[row["id"]] for row in predictions])
    difference = paired_difference(ours, theirs)
    if not math.isfinite(difference["value"]):
        return f"Training with {trained.recipe} diverged: {name} is no number."
    if paired_p_value(ours, theirs) >= SIGNIFICANT:
        outcome = "is not measurably different from"
    else:
        outcome = "beats" if sign * difference["value"] > 0 else "is worse than"
    values = [scores[name]["value"], base_scores[best][name]["value"]]
    return (
        f"Fine-tuning with {trained.recipe} {outcome} {best.replace('_', '-')} prompting: "
        f"{name} {_compared(judged, values, difference)}, {_cost(trained, history)}."
    )


def _on_which_weights(placement: Placement) -> str:
    """What the verdict says of scores that are not those of what is delivered."""
    if placement.scored_on == "unquantized":
        return ""
    needed, free = units.size(placement.unquantized_bytes), units.size(placement.available_bytes)
    return (
        f" Scored on the base in {placement.quantization.type}, for the base in 16 bits does not "
        f"fit this device ({needed} of weights, {free} free)."
    )


def _compared(judged: MetricSet, values: list[float], difference: dict[str, Any]) -> str:
    """Two values of a headline and their difference, in its unit."""
    if judged.is_share:
        factor, places, sign, unit = 100, 1, " %", "points"
    else:
        factor, places, sign, unit = 1, 3, "", judged.unit
    ours, theirs = (f"{factor * value:.{places}f}{sign}" for value in values)
    value, low, high = (
        f"{factor * difference[part]:+.{places}f}" for part in ("value", "low", "high")
    )
    return f"{ours} against {theirs}, {value} {unit} ({low} to {high}, n = {difference['n']})"


def _of_losses(trained: AdapterFolder | ModelFolder, history: dict[str, Any]) -> str:
    """The verdict on plain text, which asks nothing: what the validation loss was and is."""
    curve, kept = points(history["records"], "validation_loss"), history["validation_loss"]
    if curve and not is_number(kept):
        return f"Training with {trained.recipe} diverged: the validation loss is no number."
    change = f"from {curve[0][1]:.3f} to {kept:.3f}" if curve else "not measured"
    return (
        f"Fine-tuning with {trained.recipe} on text without questions: validation loss per token "
        f"{change}, {_cost(trained, history)}. Answers were not scored."
    )


def _cost(trained: AdapterFolder | ModelFolder, history: dict[str, Any]) -> str:
    left = "a whole model"
    if trained.adapter_bytes is not None:
        left = f"an adapter of {units.size(trained.adapter_bytes)}"
    return (
        f"for {units.duration(history['train_seconds'])} of training, "
        f"{units.size(history['peak_memory_bytes'])} of memory and {left}"
    )
