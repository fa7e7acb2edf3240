"""A row of the table for each recipe, its seeds averaged."""

import json
import statistics
from collections import Counter
from typing import Any

from peftline.comparison import costs, scores
from peftline.comparison.groups import variants
from peftline.comparison.result import Metric, Row
from peftline.comparison.runs import Run
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.statistics.intervals import means
from peftline.sweep.point import LOSS, Chosen
from peftline.sweep.state import Sweep


def by_name(runs: list[Run]) -> dict[str, list[Run]]:
    """The runs of each row, ordered by seed; rows of one recipe are told apart by what varies."""
    groups = variants(runs)
    alone = Counter(recipe for recipe, _ in groups)
    return {
        (_named(of_one[0]) if alone[recipe] > 1 else recipe): of_one
        for (recipe, _), of_one in groups.items()
    }


def of_recipes(
    runs: list[Run], chosen: MetricSet | None, sweep: Sweep | None, about: dict[str, str]
) -> list[Row]:
    """A row for each recipe, and for each setting of a recipe that a sweep has varied."""
    return [
        _recipe_row(name, of_one, chosen, sweep, about) for name, of_one in by_name(runs).items()
    ]


def _recipe_row(
    name: str,
    runs: list[Run],
    chosen: MetricSet | None,
    sweep: Sweep | None,
    about: dict[str, str],
) -> Row:
    first = runs[0]
    seed_values = (
        [run.summary["metrics"][chosen.headline]["value"] for run in runs] if chosen else []
    )
    by_seed = [scores.by_example(run.predictions, chosen) for run in runs]
    scored = by_seed if all(by_seed) else []
    tried = sweep.chosen.get(first.recipe) if sweep else None
    if tried and tried.settings != first.varied:
        tried = None  # a run of the same recipe that was not a part of the sweep
    return Row(
        name=name,
        kind="recipe",
        recipe=first.recipe,
        varied=first.varied,
        seeds=[run.seed for run in runs],
        metric=_metric(means(scored), seed_values, first, chosen),
        seed_values=seed_values,
        seed_deviation=statistics.stdev(seed_values) if len(seed_values) > 1 else None,
        metrics={
            key: costs.mean_over(runs, "metrics", key, "value") for key in first.summary["metrics"]
        },
        quantized=_mean_beside(runs, "metrics_quantized", chosen),
        unquantized=_mean_beside(runs, "metrics_unquantized", chosen),
        validation_loss=costs.mean_over(runs, "validation_loss"),
        tuned=bool(tried and tried.candidates > 1),
        candidates=tried.candidates if tried else None,
        at_edge=bool(tried and tried.edges),
        costs=costs.of(runs),
        forgetting=costs.forgetting(runs),
        delivers=_delivers(first.summary),
        about=about.get(first.recipe, ""),
        notes=[*_notes(runs), *_edges(tried), *_unlike_tuning(tried, runs, sweep)],
        health=[
            {"seed": run.seed, **found} for run in runs for found in run.summary.get("health") or ()
        ],
        settings=first.summary.get("settings"),
        scores=scored,
    )


def _mean_beside(runs: list[Run], group: str, chosen: MetricSet | None) -> float | None:
    return costs.mean_over(runs, group, chosen.headline, "value") if chosen else None


def _metric(
    values: list[float], seed_values: list[float], first: Run, chosen: MetricSet | None
) -> Metric | None:
    if chosen is None:
        return None
    if values:
        groups = scores.example_groups(first.predictions, chosen)
        return scores.interval(values, groups, chosen.is_share)
    if len(seed_values) == 1:
        return scores.plain(first.summary["metrics"][chosen.headline])
    return Metric(value=sum(seed_values) / len(seed_values), n=len(first.predictions))


def _named(run: Run) -> str:
    """The recipe, and what was varied: `lora (adapter.rank=8)`."""
    varied = [f"{key}={json.dumps(value)}" for key, value in sorted(run.varied.items())]
    return f"{run.recipe} ({', '.join(varied)})" if varied else run.recipe


def _delivers(summary: dict[str, Any]) -> str:
    if summary["adapter_bytes"] is None:
        return "whole model"
    return "adapter and merged model" if summary["merge"] else "adapter"


def _edges(chosen: Chosen | None) -> list[str]:
    return [
        f"The best {key}, {chosen.settings[key]}, is the {which} that was tried: one beyond may be "
        "better."
        for key, which in (chosen.edges if chosen else {}).items()
    ]


def _unlike_tuning(chosen: Chosen | None, runs: list[Run], sweep: Sweep | None) -> list[str]:
    """A rate that is best for a short run may be too high for a whole one."""
    if chosen is None or sweep is None or sweep.selection != LOSS:
        return []
    tried = [
        point.score
        for point in sweep.points
        if (point.stage, point.recipe) == ("tuning", runs[0].recipe)
        and point.settings == chosen.settings
        and point.score is not None
    ]
    whole = costs.mean_over(runs, "validation_loss")
    if not tried or whole is None or whole <= min(tried):
        return []
    return [
        f"With these settings the validation loss was {min(tried):.3f} after the short tuning run, "
        f"but is {whole:.3f} after the whole one: they suit a short run only. Try smaller rates, "
        "or a larger --tuning-share."
    ]


def _notes(runs: list[Run]) -> list[str]:
    parts = [part["recipe"] for part in runs[0].summary.get("parts") or ()]
    notes = []
    if parts:
        notes.append(f"Made of {', '.join(parts)}, whose training is not in its cost.")
    notes += _versions_apart(runs)
    unverified = [run.seed for run in runs if (run.summary["merge"] or {}).get("verified") is False]
    if unverified:
        seeds = ", ".join(map(str, unverified))
        notes.append(f"The merged model does not give the adapter's logits (seed {seeds}).")
    return notes


def _versions_apart(runs: list[Run]) -> list[str]:
    """Seeds that are averaged although libraries have changed between them."""
    by_library: dict[str, set[str]] = {}
    for run in runs:
        for library, version in run.summary["versions"].items():
            by_library.setdefault(library, set()).add(str(version))
    apart = [
        f"{library} {' and '.join(sorted(versions))}"
        for library, versions in by_library.items()
        if len(versions) > 1
    ]
    return [f"Its seeds were trained with unlike versions: {', '.join(apart)}."] if apart else []
