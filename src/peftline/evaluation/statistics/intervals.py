"""Values with 95 % intervals."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

Metric = dict[str, Any]
"""`value`, `low` and `high` (95 % interval) and `n` (examples); null where there is no value."""

NO_VALUE: Metric = {"value": None, "low": None, "high": None, "n": 0}
CONFIDENCE = 0.95
RESAMPLES = 2000
AT_ONCE = 2_000_000  # values: 16 MB


class StandardError(NamedTuple):
    """Of a mean difference, with the degrees of freedom that its estimate has."""

    value: float
    degrees: float

    def p_value(self, difference: float) -> float:
        """Two-sided p-value of the t-test; 1.0 where nothing varies and nothing differs."""
        if not self.value:
            return float(difference == 0)
        return float(2 * stats.t.sf(abs(difference) / self.value, self.degrees))

    def interval(self, difference: float, examples: int) -> Metric:
        """The difference with its interval by the t-distribution."""
        reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, self.degrees)) * self.value
        return metric(difference, difference - reach, difference + reach, examples)


def standard_error(differences: list[float]) -> StandardError | None:
    """Of their mean over other examples; None for fewer than two."""
    count = len(differences)
    if count < 2:
        return None
    return StandardError(float(np.std(differences, ddof=1)) / count**0.5, count - 1.0)


def proportion(hits: list[bool]) -> Metric:
    """Share of hits with its Wilson interval (scipy.stats.binomtest); null without examples."""
    if not hits:
        return NO_VALUE.copy()
    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci(CONFIDENCE, method="wilson")
    return metric(sum(hits) / len(hits), interval.low, interval.high, len(hits))


def mean(values: list[float], resamples: int = RESAMPLES) -> Metric:
    """Mean with its bootstrap interval (scipy.stats.bootstrap, percentile)."""
    if not values:
        return NO_VALUE.copy()
    low, high = _bootstrap((np.asarray(values),), np.mean, resamples)
    return metric(float(np.mean(values)), low, high, len(values))


def ratio(numerators: list[float], denominators: list[float], resamples: int = RESAMPLES) -> Metric:
    """Sum over sum, such as loss per token, with an interval from resampling whole examples.

    Raises:
        ValueError: the lists differ in length.
    """
    pairs = list(zip(numerators, denominators, strict=True))
    if not pairs:
        return NO_VALUE.copy()
    above, below = (np.asarray(column, dtype=float) for column in zip(*pairs, strict=True))
    low, high = _bootstrap((above, below), _sum_over_sum, resamples)
    return metric(_sum_over_sum(above, below), low, high, len(pairs))


def paired_difference(ours: list[float], theirs: list[float], resamples: int = RESAMPLES) -> Metric:
    """Mean of ours - theirs over the same examples, with its bootstrap interval.

    Raises:
        ValueError: the lists differ in length.
    """
    return mean(paired_differences(ours, theirs), resamples)


def paired_differences(ours: list[float], theirs: list[float]) -> list[float]:
    """Ours - theirs, example by example.

    Raises:
        ValueError: the lists differ in length.
    """
    return [float(a) - float(b) for a, b in zip(ours, theirs, strict=True)]


def means(of_seeds: list[list[float]]) -> list[float]:
    """Mean score of each example over seeds."""
    return [sum(of_example) / len(of_seeds) for of_example in zip(*of_seeds, strict=True)]


def metric(value: float, low: float, high: float, n: int) -> Metric:
    """A value with its interval, in six decimals."""
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "n": n}


def _sum_over_sum(above: np.ndarray, below: np.ndarray, axis: int = -1) -> Any:
    return above.sum(axis) / below.sum(axis)


def _bootstrap(
    columns: tuple[np.ndarray, ...], statistic: Callable[..., Any], resamples: int
) -> tuple[float, float]:
    """Interval of a statistic of examples; of two columns, both values of an example together."""
    first = statistic(*(column[:1] for column in columns))
    if len(columns[0]) < 2 or all(np.ptp(column) == 0 for column in columns):
        return float(first), float(first)
    result = stats.bootstrap(
        columns,
        statistic,
        n_resamples=resamples,
        batch=max(1, AT_ONCE // len(columns[0])),
        confidence_level=CONFIDENCE,
        method="percentile",
        paired=len(columns) > 1,
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
