"""Scores of examples, and the interval of their mean."""

from typing import Any

from peftline.comparison.result import Metric
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.rows import Rows, groups_of
from peftline.evaluation.statistics.intervals import mean, proportion


def interval(values: list[float], groups: list[str], is_share: bool) -> Metric:
    """Wilson where all values are 0 or 1, as in the summaries; else by the t-distribution."""
    if set(values) <= {0.0, 1.0}:
        return Metric(**proportion([bool(value) for value in values], groups))
    return Metric(**mean(values, groups, is_share))


def plain(metric: dict[str, Any] | None) -> Metric:
    """A metric as a summary tells it; it may say more than is needed here."""
    told = {"value": None} | (metric or {})
    return Metric(**{name: told[name] for name in Metric.model_fields if name in told})


def example_ids(answers: Rows, chosen: MetricSet | None) -> list[str]:
    """Of the examples that `by_example` scores, in its order; none if it has no scores."""
    if by_example(answers, chosen) is None:
        return []
    return sorted(row["id"] for row in answers)


def example_groups(answers: Rows, chosen: MetricSet | None) -> list[str]:
    """The group of each of these examples, in the same order."""
    if by_example(answers, chosen) is None:
        return []
    return groups_of(sorted(answers, key=lambda row: row["id"]))


def by_example(answers: Rows, chosen: MetricSet | None) -> list[float] | None:
    """Score of each example, in the order of ids; None if examples have none."""
    if chosen is None or not answers:
        return None
    ordered = sorted(answers, key=lambda row: row["id"])
    if any(chosen.headline not in row["scores"] for row in ordered):
        return None
    return chosen.values(ordered)
