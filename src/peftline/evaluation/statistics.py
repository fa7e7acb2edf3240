"""Values with 95 % intervals, paired tests of two recipes, and how small a difference they see."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from peftline.evaluation import sign_flips

Metric = dict[str, Any]
"""`value`, `low` and `high` (95 % interval) and `n` (examples); null where there is no value."""

NO_VALUE: Metric = {"value": None, "low": None, "high": None, "n": 0}
CONFIDENCE = 0.95
RESAMPLES = 2000
SIGN_FLIPS = 9999  # p-values in steps of 1/10,000
_AT_ONCE = 2_000_000  # values: 16 MB
_ENOUGH_FOR_T = 30  # examples, from which means are near enough to normal
_POWER = 0.8
_SIGNIFICANCE = 0.05


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
    return mean(_differences(ours, theirs), resamples)


def paired_p_value(
    ours: list[float], theirs: list[float], seeds: int = 1, flips: int = SIGN_FLIPS
) -> float:
    """Two-sided p-value: could two models that are equally good differ so much on these examples?

    Hits and misses take the exact McNemar test (McNemar 1947, doi:10.1007/BF02295996; statsmodels).
    Means of those over seeds take the exact test of all sign patterns (`sign_flips`): drawn at
    random, patterns give no p-value below 2 in 10,000. Other scores take a permutation test that
    flips the signs of the differences at random, which asks nothing of their distribution but that
    it be symmetric about zero if the models are equal (scipy). The flips are the same at every
    call. Where none of them reaches the difference, their number is all that is known; of 30
    examples or more, the paired t-test (scipy) then says how small the p-value is. Without it no
    difference would outlast the adjustment for many pairs.

    Args:
        seeds: over which scores are means: a common multiple, if the two have different numbers.
        flips: how many are tried at random; all, if there are no more.

    Returns:
        1.0 where no pair or one alone differs, also without pairs.

    Raises:
        ValueError: the lists differ in length.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    # Both tests look at pairs that differ only: a zero has no sign to flip.
    differences = [difference for difference in _differences(ours, theirs) if difference]
    if len(differences) < 2:
        return 1.0
    if {*ours, *theirs} <= {0, 1}:
        table = [[0, differences.count(1)], [differences.count(-1), 0]]
        return float(mcnemar(table, exact=True).pvalue)
    steps = sign_flips.steps(ours, theirs, seeds) if seeds > 1 else None
    if steps is not None:
        return sign_flips.p_value(steps)
    result = stats.permutation_test(
        (np.asarray(differences),),
        np.mean,
        permutation_type="samples",  # of one sample: signs
        n_resamples=flips,
        batch=max(1, _AT_ONCE // len(differences)),
        rng=np.random.default_rng(0),
    )
    floor = 2 / (flips + 1)
    if len(differences) >= _ENOUGH_FOR_T and result.pvalue <= floor:
        return min(floor, float(stats.ttest_1samp(differences, 0.0).pvalue))
    return float(result.pvalue)


def adjusted(p_values: list[float]) -> list[float]:
    """p-values of several comparisons, corrected so that all hold together (Holm 1979).

    Of twenty recipes that do not differ, one would be found to at 5 %; after the correction, one
    in twenty such tables has any such finding.
    """
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if p_values else []


def minimum_detectable_difference(differences: list[float]) -> float | None:
    """The smallest true mean difference that a comparison like this one finds 4 times in 5.

    80 % power at 5 % significance, two-sided, of the paired t-test (Cohen 1988, chapter 2;
    statsmodels.stats.power.TTestPower) with the examples' number and the spread of their
    differences. A difference that was not found and is larger than this is probably not there.

    Returns:
        In the unit of the differences; None where there is no spread to go by.
    """
    if len(differences) < 2 or not (spread := float(np.std(differences, ddof=1))):
        return None
    return _detectable_effect(len(differences)) * spread


def planned_detectable_difference(examples: int, discordant_share: float) -> float | None:
    """The same before anything is measured, for hits and misses: how many examples are enough?

    Differences are 1, 0 and -1, so their variance is `discordant_share` minus the square of their
    mean.

    Args:
        examples: of the test split; at least 2.
        discordant_share: of examples that one model gets right and the other wrong: 0.05 for two
            models that are much alike, 0.2 to 0.4 for base and fine-tuned model.

    Returns:
        As a share; None if no difference that is possible with so few discordant examples (all of
        them for one side) would be found.

    Raises:
        ValueError: fewer than 2 examples, or a share outside 0 to 1.
    """
    if examples < 2 or not 0 < discordant_share <= 1:
        raise ValueError(f"{examples} examples, {discordant_share} of them discordant")
    effect = _detectable_effect(examples)
    difference = effect * (discordant_share / (1 + effect**2)) ** 0.5
    return difference if difference <= discordant_share else None


def metric(value: float, low: float, high: float, n: int) -> Metric:
    """A value with its interval, in six decimals."""
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "n": n}


def _differences(ours: list[float], theirs: list[float]) -> list[float]:
    return [float(a) - float(b) for a, b in zip(ours, theirs, strict=True)]


@functools.cache
def _detectable_effect(pairs: int) -> float:
    """In standard deviations of the differences."""
    from statsmodels.stats.power import TTestPower

    found = TTestPower().solve_power(nobs=pairs, alpha=_SIGNIFICANCE, power=_POWER)
    return float(np.squeeze(found))


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
        batch=max(1, _AT_ONCE // len(columns[0])),
        confidence_level=CONFIDENCE,
        method="percentile",
        paired=len(columns) > 1,
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
