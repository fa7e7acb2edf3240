"""How small a difference between two recipes the groups of a test split can show."""

import functools
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special, stats

from peftline.evaluation.statistics.clusters import StandardError, degrees_of_freedom
from peftline.evaluation.statistics.significance import SIGNIFICANT

CORRELATION = 0.09
"""Of the differences of two recipes on two examples of a group: the median over all pairs of
docs/results.md, whose design effect is 1.56 (1.0 to 2.5 for four pairs of five)."""
_POWER = 0.8
_QUANTILES = 2000


def minimum_detectable_difference(
    error: StandardError, significance: float = SIGNIFICANT
) -> float | None:
    """The smallest true mean difference that a comparison like this one finds 4 times in 5.

    80 % power at 5 % significance or less, two-sided, of the t-test (Cohen 1988, chapter 2; the
    same as statsmodels.stats.power.TTestPower, where that is right). A difference that was not
    found and is larger than this is probably not there.

    Args:
        error: of the difference, with the degrees of freedom that its estimate has.
        significance: that a p-value has to fall below.

    Returns:
        In the unit of the differences; None where there is no spread to go by.
    """
    return _detectable_in_errors(round(error.degrees, 1), significance) * error.value or None


def planned_detectable_difference(
    sizes: Sequence[int], discordant_share: float, correlation: float = CORRELATION
) -> float | None:
    """The same before anything is measured, for hits and misses: how many groups are enough?

    Differences are 1, 0 and -1, so their variance is `discordant_share` minus the square of their
    mean, times the design effect of groups: 1 + (sum n² / sum n - 1) correlation (Kish 1965).

    Args:
        sizes: examples of each group of the test split; all 1 where none belong together.
        discordant_share: of examples that one model gets right and the other wrong: 0.05 for two
            models that are much alike, 0.2 to 0.4 for base and fine-tuned model.
        correlation: of the differences of two examples of a group.

    Returns:
        As a share; None if no difference that is possible with so few discordant examples (all of
        them for one side) would be found, or there are not two groups.

    Raises:
        ValueError: a share outside 0 to 1.
    """
    if not 0 < discordant_share <= 1:
        raise ValueError(f"{discordant_share} of {sum(sizes)} examples discordant")
    if len(sizes) < 2:  # no degree of freedom
        return None
    of_groups = np.asarray(sizes, dtype=float)
    rows, degrees = of_groups.sum(), float(degrees_of_freedom(of_groups))
    effect = 1 + (np.square(of_groups).sum() / rows - 1) * correlation
    error = _detectable_in_errors(round(degrees, 1), SIGNIFICANT) * (effect / rows) ** 0.5
    difference = error * (discordant_share / (1 + error**2)) ** 0.5
    return float(difference) if difference <= discordant_share else None


@functools.cache
def _detectable_in_errors(degrees: float, significance: float) -> float:
    """In standard errors.

    The power is that of a normal variable, averaged over quantiles of its estimated error: scipy's
    noncentral t is no number at few degrees and small levels, where statsmodels' solver goes by it
    (at 3 degrees and 0.05 / 38 it ends at 7.1, the right value is 14.7).
    """
    estimated = stats.chi2.ppf((np.arange(_QUANTILES) + 0.5) / _QUANTILES, degrees)
    critical = stats.t.ppf(1 - significance / 2, degrees) * np.sqrt(estimated / degrees)

    def missing(shift: float) -> float:
        found = special.ndtr(shift - critical) + special.ndtr(-shift - critical)
        return float(np.mean(found)) - _POWER

    return optimize.brentq(missing, 0, critical.max() + 5)
