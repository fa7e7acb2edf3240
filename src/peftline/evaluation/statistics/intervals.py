"""Values with 95 % intervals, over other groups of examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from peftline.evaluation.statistics.clusters import (
    CONFIDENCE,
    Clusters,
    clustered,
    correlation_in_groups,
    degrees_of_freedom,
    effective_groups,
    quantile,
    standard_error,
    variance_of_mean,
)

Metric = dict[str, Any]
"""`value`, `low` and `high` (95 % interval); `n` (examples) in `groups`, which weigh as much as
`effective_groups` of equal size; `design_effect` (times the variance of as many independent
examples); `no_verdict`: why nothing is to be concluded from it, null if something is. Null where
there is no value."""

NO_VALUE: Metric = {
    "value": None,
    "low": None,
    "high": None,
    "n": 0,
    "groups": 0,
    "effective_groups": 0.0,
    "design_effect": None,
    "no_verdict": None,
}
_LEAST_EFFECT = 0.5
ENOUGH_GROUPS = 10
"""With fewer, the spread over groups is a guess."""


def proportion(hits: Sequence[bool], groups: Sequence[str]) -> Metric:
    """Share of hits with its Wilson interval by groups (`wilson`); null without examples.

    Raises:
        ValueError: the lists differ in length.
    """
    if not len(hits):
        return NO_VALUE.copy()
    values, clusters = _with_clusters(hits, groups)
    of_hits = clusters.totals(values)
    low, high, effect = map(float, wilson(of_hits, clusters.sizes))
    return metric(float(values.mean()), low, high, clusters, effect) | {
        "no_verdict": _too_few_of_either(of_hits, clusters)
    }


def wilson(hits: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wilson's interval (1927) of a share at n / design effect, and the design effect.

    The effective number of examples is also that for the degrees of freedom which the design effect
    is known with, or few groups would seem certain: n / design effect * (t(n - 1) / t(degrees))²
    (Korn and Graubard 1998, Survey Methodology 24). The degrees are those for the correlation that
    the design effect tells of (as Imbens and Kolesár 2016, doi:10.1162/REST_a_00552): large groups
    whose rows are alike leave fewer. Where every row is a group of its own, it is n.

    The design effect counts as 1/2 at least: it is below 1 where each group has some of everything,
    or by chance, which the degrees account for; of few groups it may even come out as 0.

    Args:
        hits: of each group; groups are the last axis, others are taken one by one.
        sizes: rows of each group.
    """
    from statsmodels.stats.proportion import proportion_confint

    rows = sizes.sum()
    share = hits.sum(axis=-1) / rows
    variance = share * (1 - share) * rows / max(rows - 1, 1)
    effect = np.maximum(_LEAST_EFFECT, _effect(hits, sizes, variance))
    effective = rows / effect
    if len(sizes) > 1:
        degrees = degrees_of_freedom(sizes, correlation_in_groups(effect, sizes))
        effective = effective * (quantile(rows - 1) / quantile(degrees)) ** 2
    ends = proportion_confint(share * effective, effective, 1 - CONFIDENCE, method="wilson")
    low, high = np.clip(ends, 0.0, 1.0)
    return low, high, effect


def mean(values: Sequence[float], groups: Sequence[str], is_share: bool = False) -> Metric:
    """Mean of all rows with its interval by the t-distribution (CR2, Bell-McCaffrey).

    The interval is null for fewer than two groups.

    Args:
        is_share: whether values lie from 0 to 1, such as means of hits over seeds: then the
            interval must, and groups without any hit, or any miss, count as in `proportion`.

    Raises:
        ValueError: the lists differ in length.
    """
    if not len(values):
        return NO_VALUE.copy()
    numbers, clusters = _with_clusters(values, groups)
    error, average = standard_error(values, groups), float(numbers.mean())
    low, high = error.around(average) if error else (None, None)
    if error and is_share:
        low, high = max(low, 0.0), min(high, 1.0)
    found = metric(average, low, high, clusters, design_effect(numbers, clusters))
    if is_share:
        found["no_verdict"] = _too_few_of_either(clusters.totals(numbers), clusters)
    return found


def ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    groups: Sequence[str],
    is_share: bool = False,
) -> Metric:
    """Sum over sum, such as loss per token, with the interval of the linearised ratio.

    Raises:
        ValueError: the lists differ in length.
    """
    return mean(linearised_ratio(numerators, denominators), groups, is_share)


def linearised_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """What each row adds to sum over sum: their mean is the ratio, their spread the ratio's.

    A row has R + (a - R b) / mean(b) (Cochran 1977, Sampling Techniques, 6.4): what it has beyond
    its denominator's share. Numerators by themselves would count lengths as uncertainty.

    Raises:
        ValueError: the lists differ in length.
    """
    pairs = np.array(list(zip(numerators, denominators, strict=True)), dtype=float)
    if not len(pairs):
        return []
    above, below = pairs.T
    value = above.sum() / below.sum()
    return (value + (above - value * below) / below.mean()).tolist()


def design_effect(values: np.ndarray, clusters: Clusters) -> float:
    """Variance of the mean, over that of as many independent rows (Kish 1965): CR2 / (s² / n).

    Exactly 1 where every row is a group of its own; below 1, by chance or where each group has
    some of everything. Where nothing varies, or there is one group, the data say nothing about it;
    then it is that of equal groups whose rows are all alike, the worst: n / effective groups.
    """
    variance = np.var(values, ddof=1) if len(values) > 1 else 0.0
    return float(_effect(clusters.totals(values), clusters.sizes, np.asarray(variance)))


def _effect(totals: np.ndarray, sizes: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """From the sums of groups, and the variance of rows."""
    rows = sizes.sum()
    worst = np.full(variance.shape, rows / effective_groups(sizes))
    if len(sizes) < 2:
        return worst
    of_mean = variance_of_mean(totals, sizes)
    return np.divide(of_mean * rows, variance, out=worst, where=variance > 0)


def metric(
    value: float, low: float | None, high: float | None, clusters: Clusters, effect: float
) -> Metric:
    """A value with its interval, in six decimals, and the groups that it is of."""
    ends = (None if end is None else round(float(end), 6) for end in (low, high))
    return {
        "value": round(float(value), 6),
        **dict(zip(("low", "high"), ends, strict=True)),
        "n": len(clusters.of_rows),
        "groups": len(clusters.sizes),
        "effective_groups": round(clusters.effective, 1),
        "design_effect": round(effect, 2),
        "no_verdict": too_few_groups(clusters),
    }


def too_few_groups(clusters: Clusters) -> str | None:
    """Why nothing is to be concluded from these rows; None if there are groups enough."""
    if clusters.effective >= ENOUGH_GROUPS:
        return None
    return f"{clusters.effective:.1f} effective groups, and {ENOUGH_GROUPS} are needed"


def _too_few_of_either(of_hits: np.ndarray, clusters: Clusters) -> str | None:
    if (reason := too_few_groups(clusters)) is not None:
        return reason
    for name, totals in (("hits", of_hits), ("misses", clusters.sizes - of_hits)):
        if (count := int(np.count_nonzero(totals))) < ENOUGH_GROUPS:
            where = "1 group" if count == 1 else f"{count} groups"
            return f"{name} in {where}, and {ENOUGH_GROUPS} are needed"
    return None


def _with_clusters(values: Sequence[float], groups: Sequence[str]) -> tuple[np.ndarray, Clusters]:
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values of {len(groups)} rows")
    return np.asarray(values, dtype=float), clustered(groups)


def means(of_seeds: Sequence[Sequence[float]]) -> list[float]:
    """Mean score of each example over seeds."""
    return [sum(of_example) / len(of_seeds) for of_example in zip(*of_seeds, strict=True)]
