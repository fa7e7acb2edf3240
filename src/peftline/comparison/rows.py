"""The rows of the table: recipes, their seeds averaged, and the ways to do without training."""

import json
import statistics
from collections import Counter
from typing import Any

from peftline.comparison import costs
from peftline.comparison.groups import examples_of, variants
from peftline.comparison.headline import Headline
from peftline.comparison.result import Metric, Row
from peftline.comparison.runs import Rows, Run
from peftline.comparison.sweep import Sweep
from peftline.evaluation.statistics import mean, proportion

_WAYS = {
    "zero_shot": "base, zero-shot",
    "few_shot": "base, few-shot",
    "constant": "constant answer",
    "rules": "rules, no model",
}


def by_name(runs: list[Run]) -> dict[str, list[Run]]:
    """The runs of each row, ordered by seed; rows of one recipe are told apart by what varies."""
    groups = variants(runs)
    alone = Counter(recipe for recipe, _ in groups)
    return {
        (_named(of_one[0]) if alone[recipe] > 1 else recipe): of_one
        for (recipe, _), of_one in groups.items()
    }


def base_answers(runs: list[Run]) -> tuple[dict[str, tuple[Rows, dict[str, Any]]], list[str]]:
    """Answers of the base to the runs' test examples and their metrics, by the name of the row.

    A base beside the runs may have answered other examples since; those answers do not count.

    Returns:
        The newest answers of each mode, and notes on modes that are left out.
    """
    if not runs or not runs[0].predictions:
        return {}, []
    wanted = examples_of(runs[0].predictions)
    found: dict[str, tuple[Rows, dict[str, Any]]] = {}
    other: set[str] = set()
    seen: set[int] = set()  # runs beside each other share one list
    for run in sorted(runs, key=lambda run: run.finished_at, reverse=True):
        if id(run.base_predictions) in seen:
            continue
        seen.add(id(run.base_predictions))
        for mode, rows in _by_mode(run.base_predictions).items():
            name = _WAYS.get(mode, f"base, {mode}")
            if name not in found and examples_of(rows) == wanted:
                found[name] = rows, run.summary["base_metrics"].get(mode) or {}
            elif name not in found:
                other.add(name)
    if not found:
        return {}, ["The base alone is no row: there are no answers of it to these test examples."]
    missing = sorted(other - set(found))
    return found, [f"No row for {name}: its answers are to other examples." for name in missing]


def of_recipes(
    runs: list[Run], chosen: Headline | None, sweep: Sweep | None, about: dict[str, str]
) -> list[Row]:
    """A row for each recipe, and for each setting of a recipe that a sweep has varied."""
    return [
        _recipe_row(name, of_one, chosen, sweep, about) for name, of_one in by_name(runs).items()
    ]


def of_base(runs: list[Run], chosen: Headline | None) -> tuple[list[Row], list[str]]:
    """A row for each way to do without training, and notes on those that are missing."""
    if chosen is None:
        return [], []
    found, notes = base_answers(runs)
    return [_base_row(name, *answered, chosen) for name, answered in found.items()], notes


def _recipe_row(
    name: str,
    runs: list[Run],
    chosen: Headline | None,
    sweep: Sweep | None,
    about: dict[str, str],
) -> Row:
    first = runs[0]
    seed_values = [run.summary["metrics"][chosen.name]["value"] for run in runs] if chosen else []
    values = _mean_by_example([run.predictions for run in runs], chosen)
    candidates = sweep.chosen.get(first.recipe) if sweep else None
    return Row(
        name=name,
        kind="recipe",
        recipe=first.recipe,
        varied=first.varied,
        seeds=[run.seed for run in runs],
        metric=_metric(values, seed_values, first, chosen),
        seed_values=seed_values,
        seed_deviation=statistics.stdev(seed_values) if len(seed_values) > 1 else None,
        metrics={
            key: costs.mean_over(runs, "metrics", key, "value") for key in first.summary["metrics"]
        },
        validation_loss=costs.mean_over(runs, "validation_loss"),
        tuned=bool(candidates and candidates.candidates > 1),
        candidates=candidates.candidates if candidates else None,
        costs=costs.of(runs),
        forgetting=costs.forgetting(runs),
        delivers=_delivers(first.summary),
        about=about.get(first.recipe, ""),
        notes=_notes(runs),
        health=[
            {"seed": run.seed, **found} for run in runs for found in run.summary.get("health") or ()
        ],
        settings=first.summary.get("settings"),
        values=values,
    )


def _base_row(name: str, rows: Rows, told: dict[str, Any], chosen: Headline) -> Row:
    values = _mean_by_example([rows], chosen)
    return Row(
        name=name,
        kind="base",
        metric=_interval(values) if values else Metric(**_plain(told.get(chosen.name))),
        metrics={key: metric["value"] for key, metric in told.items()},
        values=values,
    )


def _metric(
    values: list[float] | None, seed_values: list[float], first: Run, chosen: Headline | None
) -> Metric | None:
    if values:
        return _interval(values)
    if chosen is None:
        return None
    if len(seed_values) == 1:
        return Metric(**_plain(first.summary["metrics"][chosen.name]))
    return Metric(value=sum(seed_values) / len(seed_values), n=len(first.predictions))


def _interval(values: list[float]) -> Metric:
    """Wilson where all values are 0 or 1, as in the summaries; else bootstrap over examples."""
    if set(values) <= {0.0, 1.0}:
        return Metric(**proportion([bool(value) for value in values]))
    return Metric(**mean(values))


def _plain(metric: dict[str, Any] | None) -> dict[str, Any]:
    return {name: (metric or {}).get(name) for name in ("value", "low", "high")} | {
        "n": (metric or {}).get("n", 0)
    }


def _mean_by_example(answers: list[Rows], chosen: Headline | None) -> list[float] | None:
    """Mean score of each example over seeds, in the order of ids; None if examples have none."""
    if chosen is None or not answers[0]:
        return None
    scores = [{row["id"]: row["scores"].get(chosen.name) for row in rows} for rows in answers]
    if any(None in of_seed.values() for of_seed in scores):
        return None
    return [
        sum(float(of_seed[name]) for of_seed in scores) / len(scores) for name in sorted(scores[0])
    ]


def _by_mode(rows: Rows) -> dict[str, Rows]:
    modes: dict[str, Rows] = {}
    for row in rows:
        modes.setdefault(row["mode"], []).append(row)
    return modes


def _named(run: Run) -> str:
    """The recipe, and what was varied: `lora (rank=8)`."""
    varied = [f"{key.rsplit('.', 1)[-1]}={json.dumps(value)}" for key, value in run.varied.items()]
    return f"{run.recipe} ({', '.join(varied)})" if varied else run.recipe


def _delivers(summary: dict[str, Any]) -> str:
    if summary["adapter_bytes"] is None:
        return "whole model"
    return "adapter and merged model" if summary["merge"] else "adapter"


def _notes(runs: list[Run]) -> list[str]:
    parts = [part["recipe"] for part in runs[0].summary.get("parts") or ()]
    notes = []
    if parts:
        notes.append(f"Made of {', '.join(parts)}, whose training is not in its cost.")
    unverified = [run.seed for run in runs if (run.summary["merge"] or {}).get("verified") is False]
    if unverified:
        seeds = ", ".join(map(str, unverified))
        notes.append(f"The merged model does not give the adapter's logits (seed {seeds}).")
    return notes
