"""The result of one run, in one flat file."""

import math
from typing import Any, NamedTuple

from peftline import identity, units
from peftline.delivery.placement import Placement
from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.protocol import Protocol, questions_sha256
from peftline.evaluation.rows import Rows, groups_of
from peftline.evaluation.statistics.clusters import clustered
from peftline.evaluation.statistics.significance import SIGNIFICANT, PairedTest, paired_test
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits, Tokenised
from peftline.recipe import Recipe
from peftline.reports import health
from peftline.reports.losses import is_number, points
from peftline.schema import Evaluation

PROMPTING = ("zero_shot", "few_shot")
"""What the verdict compares with."""
MODES = (*PROMPTING, "constant", "rules")
"""Besides: the most frequent training answer, and the rules for the built-in data."""


class Delivered(NamedTuple):
    """What the verdict says of a model: all that is left of one that lies elsewhere by now."""

    recipe: str
    adapter_bytes: int | None
    """Null of a whole model."""


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
    protocol = Protocol.of(evaluation, predictions)
    judged = metrics.SETS.get(protocol.metric_set)
    delivered = Delivered(trained.recipe, trained.adapter_bytes)
    return {
        "recipe": trained.recipe,
        "objective": recipe.objective.type,
        "start_from": None,
        "seed": trained.seed,
        "status": "finished",
        "verdict": verdict(
            delivered,
            history,
            scores,
            base_scores,
            predictions,
            base_predictions,
            judged,
            evaluation.run_deviation,
            _on_which_weights(placement, base_scores),
        ),
        "metric_set": protocol.metric_set,
        "scoring_sha256": protocol.scoring_sha256,
        "health": health.findings(history, predictions),
        "metrics": scores,
        "scored_on": placement.scored_on,
        "scored_on_reason": _on_which_weights(placement, base_scores),
        "metrics_quantized": scores_quantized,
        "metrics_unquantized": scores_unquantized,
        "base_metrics": {mode: base_scores.get(mode) for mode in MODES},
        "not_asked": base_scores.get("not_asked", {}),
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
            "test_sha256": questions_sha256(predictions),
            "train": splits.train,
            "validation": splits.validation,
            "test": splits.test,
            "not_whole": tokenised.not_whole,
            **_test_groups(predictions),
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
        "hardware": history.get("hardware"),
        "versions": identity.versions(),
        "git_sha": git_sha,
    }


def verdict(
    trained: Delivered,
    history: dict[str, Any],
    scores: dict[str, Any],
    base_scores: dict[str, Any],
    predictions: Rows,
    base_predictions: Rows,
    judged: MetricSet | None,
    run_deviation: float | None = None,
    scored_on_reason: str | None = None,
) -> str:
    """Does fine-tuning beat prompting here, by how much, at what cost, and how sure is one run?

    The better prompting of the base is compared on the same examples by the headline of the
    metrics, with the test of the comparison (`paired_test`), by groups of examples.

    Args:
        run_deviation: of the headline between runs with other seeds or threads, if it is known.
        scored_on_reason: why scores are not those of what is delivered, if they are not.
    """
    if judged is None:
        return _of_losses(trained, history)
    name, sign = judged.headline, 1 if judged.higher_is_better else -1
    modes = [mode for mode in PROMPTING if mode in base_scores]
    best = max(modes, key=lambda mode: sign * base_scores[mode][name]["value"])
    prompted = {row["id"]: row for row in base_predictions if row["mode"] == best}
    ours = judged.values(predictions)
    theirs = judged.values([prompted[row["id"]] for row in predictions])
    test = paired_test(ours, theirs, groups_of(predictions))
    if not math.isfinite(test.difference["value"]):
        return f"Training with {trained.recipe} diverged: {name} is no number."
    prompting = f"{best.replace('_', '-')} prompting"
    outcome = f"{_outcome(test, sign)} {prompting}"
    if reason := test.not_testable():
        outcome = f"against {prompting}: no verdict, {reason}"
    values = [scores[name]["value"], base_scores[best][name]["value"]]
    return (
        f"Fine-tuning with {trained.recipe} {outcome}: {name} "
        f"{_compared(judged, values, test.difference)}, {_cost(trained, history)}."
        f"{_not_asked(base_scores)} {_of_value(scores[name])}{_of_one_run(judged, run_deviation)}"
        + (f" {scored_on_reason}" if scored_on_reason else "")
    )


def _not_asked(base_scores: dict[str, Any]) -> str:
    """The ways of prompting that the verdict says nothing about, and why."""
    return "".join(
        f" {mode.replace('_', '-').capitalize()} prompting was not asked: {why.rstrip('.')}."
        for mode, why in base_scores.get("not_asked", {}).items()
    )


def _outcome(test: PairedTest, sign: int) -> str:
    if test.p_value >= SIGNIFICANT:
        return "is not measurably different from"
    return "beats" if sign * test.difference["value"] > 0 else "is worse than"


def _of_value(found: dict[str, Any]) -> str:
    """A difference can be certain where one of its two values is not."""
    reason = found.get("no_verdict")
    return f"On the value alone there is no verdict: {reason}. " if reason else ""


def _of_one_run(judged: MetricSet, deviation: float | None) -> str:
    """The interval is about other examples: another seed or order of sums is not in it."""
    if deviation is None:
        return (
            "One run with one seed: how far another seed, or another number of threads, moves it "
            "is not known here."
        )
    spread = f"{100 * deviation:.1f} points" if judged.is_share else f"{deviation:.3g}"
    return (
        f"One run with one seed: others differ by {spread} (standard deviation), which the "
        "interval leaves out."
    )


def _test_groups(predictions: Rows) -> dict[str, Any]:
    """How many groups the test examples lie in; null where none was asked."""
    clusters = clustered(groups_of(predictions))
    count = len(clusters.sizes)
    return {
        "groups": count or None,
        "effective_groups": round(clusters.effective, 1) if count else None,
    }


def _on_which_weights(placement: Placement, base_scores: dict[str, Any]) -> str | None:
    """Why scores are not those of what is delivered, or of another base; None where all is so."""
    asked = base_scores.get("base_quantization", "none")
    if placement.scored_on == "unquantized":
        if asked == "none":
            return None
        return f"The base alone was asked in {asked}: in 16 bits it did not fit this device then."
    needed, free = units.size(placement.unquantized_bytes), units.size(placement.available_bytes)
    return (
        f"Scored on the base in {placement.quantization.type}, for the base in 16 bits does not "
        f"fit this device ({needed} of weights, {free} free)."
    )


def _compared(judged: MetricSet, values: list[float], difference: dict[str, Any]) -> str:
    """Two values of a headline and their difference, in its unit."""
    if judged.is_share:
        factor, places, sign, unit = 100, 1, " %", "points"
    else:
        factor, places, sign, unit = 1, 3, "", judged.unit
    ours, theirs = (f"{factor * value:.{places}f}{sign}" for value in values)
    of = f"n = {difference['n']}"
    if difference["groups"] != difference["n"]:
        of += f" in {difference['groups']} group{'s' if difference['groups'] != 1 else ''}"
    value = f"{factor * difference['value']:+.{places}f}"
    if difference["low"] is not None:
        low, high = (f"{factor * difference[end]:+.{places}f}" for end in ("low", "high"))
        of = f"{low} to {high}, {of}"
    return f"{ours} against {theirs}, {value} {unit} ({of})"


def _of_losses(trained: Delivered, history: dict[str, Any]) -> str:
    """The verdict on plain text, which asks nothing: what the validation loss was and is."""
    curve, kept = points(history["records"], "validation_loss"), history["validation_loss"]
    if curve and not is_number(kept):
        return f"Training with {trained.recipe} diverged: the validation loss is no number."
    change = f"from {curve[0][1]:.3f} to {kept:.3f}" if curve else "not measured"
    return (
        f"Fine-tuning with {trained.recipe} on text without questions: validation loss per token "
        f"{change}, {_cost(trained, history)}. Answers were not scored. One run with one seed."
    )


def _cost(trained: Delivered, history: dict[str, Any]) -> str:
    left = "a whole model"
    if trained.adapter_bytes is not None:
        left = f"an adapter of {units.size(trained.adapter_bytes)}"
    return (
        f"for {units.duration(history['train_seconds'])} of training, "
        f"{units.size(history['peak_memory_bytes'])} of memory and {left}"
    )
