"""The ways to do without training, each a row: the base alone, a constant answer, rules."""

from typing import Any

from peftline.comparison import scores
from peftline.comparison.groups import examples_of
from peftline.comparison.result import Row
from peftline.comparison.runs import Run
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.rows import Rows

WAYS = {  # modes of the base's predictions
    "zero_shot": "base (zero-shot)",
    "few_shot": "base (few-shot)",
    "constant": "constant answer",
    "rules": "rules (no model)",
}


def rows(runs: list[Run], chosen: MetricSet | None) -> tuple[list[Row], list[str]]:
    """A row for each way to do without training, and notes on those that are missing."""
    if chosen is None:
        return [], []
    found, notes = answers(runs)
    return [_row(name, *answered, chosen) for name, answered in found.items()], notes


def answers(runs: list[Run]) -> tuple[dict[str, tuple[Rows, dict[str, Any]]], list[str]]:
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
        for mode, given in _by_mode(run.base_predictions).items():
            name = WAYS.get(mode, f"base, {mode}")
            if name not in found and examples_of(given) == wanted:
                found[name] = given, run.summary["base_metrics"].get(mode) or {}
            elif name not in found:
                other.add(name)
    if not found:
        return {}, ["The base alone is no row: there are no answers of it to these test examples."]
    missing = sorted(other - set(found))
    return found, [f"No row for {name}: its answers are to other examples." for name in missing]


def _row(name: str, given: Rows, told: dict[str, Any], chosen: MetricSet) -> Row:
    values = scores.by_example(given, chosen)
    groups = scores.example_groups(given, chosen)
    return Row(
        name=name,
        kind="base",
        metric=(
            scores.interval(values, groups, chosen.is_share)
            if values
            else scores.plain(told.get(chosen.headline))
        ),
        metrics={
            key: metric["value"]
            for key, metric in told.items()
            if isinstance(metric, dict) and "value" in metric
        },
        scores=[values] if values else [],
    )


def _by_mode(rows: Rows) -> dict[str, Rows]:
    modes: dict[str, Rows] = {}
    for row in rows:
        modes.setdefault(row["mode"], []).append(row)
    return modes
