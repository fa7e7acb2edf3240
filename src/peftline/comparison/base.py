"""The ways to do without training, each a row: the base alone, a constant answer, rules."""

from typing import Any

from peftline.comparison import scores
from peftline.comparison.groups import base_quantization
from peftline.comparison.result import Row
from peftline.comparison.runs import Run
from peftline.comparison.versions import COMMAND
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.protocol import Protocol, questions_sha256
from peftline.evaluation.rows import Rows, by_mode

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
    """Answers of the base to the runs' test questions and their metrics, by the name of the row.

    A base beside the runs may have answered other questions since, with other settings, or been
    scored otherwise; those answers do not count.

    Returns:
        The newest answers of each mode, and notes on modes that are left out.
    """
    if not runs or not runs[0].predictions:
        return {}, []
    questions = questions_sha256(runs[0].predictions)
    protocol = Protocol.of_summary(runs[0].summary).model_dump()
    held = base_quantization(runs[0].summary)
    found: dict[str, tuple[Rows, dict[str, Any]]] = {}
    other: dict[str, str] = {}  # why the newest answers are none
    seen: list[tuple[Rows, dict[str, Any]]] = []  # runs beside each other share them
    for run in sorted(runs, key=lambda run: run.finished_at, reverse=True):
        if any(run.base_predictions is a and run.base_metrics == b for a, b in seen):
            continue
        seen.append((run.base_predictions, run.base_metrics))
        asked = run.base_metrics.get("protocol", {})
        for mode, given in by_mode(run.base_predictions).items():
            name = WAYS.get(mode, f"base, {mode}")
            if questions_sha256(given) != questions:
                other.setdefault(name, "its answers are to other questions")
            elif run.base_metrics.get("base_quantization", "none") != held:
                other.setdefault(name, "the base was held otherwise than in the recipes' runs")
            elif asked != protocol:
                other.setdefault(name, _otherwise(asked, protocol))
            else:
                found.setdefault(name, (given, run.base_metrics.get(mode) or {}))
    if not found and not other:
        return {}, ["The base alone is no row: there are no answers of it to these test questions."]
    return found, [
        f"No row for {name}: {why}." for name, why in sorted(other.items()) if name not in found
    ]


def _otherwise(asked: dict[str, Any], protocol: dict[str, Any]) -> str:
    """What is otherwise in the base's answers than in the recipes'."""
    if not asked:
        return "it is not known how it was asked and scored"
    names = [name for name in protocol if asked.get(name) != protocol[name]]
    if names == ["scoring_sha256"]:
        return f"it was scored by another version of the scoring ({COMMAND} makes them equal)"
    differences = ", ".join(f"{name} {asked.get(name)}, not {protocol[name]}" for name in names)
    return f"it was asked or scored otherwise than the recipes ({differences})"


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
