"""How small a difference between two recipes a test split can show."""

import functools

import numpy as np

from peftline.evaluation.significance import SIGNIFICANT
from peftline.evaluation.statistics import StandardError

_POWER = 0.8


def minimum_detectable_difference(
    error: StandardError, significance: float = SIGNIFICANT
) -> float | None:
    """The smallest true mean difference that a comparison like this one finds 4 times in 5.

    80 % power at 5 % significance or less, two-sided, of the t-test (Cohen 1988, chapter 2;
    statsmodels.stats.power.TTestPower). A difference that was not found and is larger than this is
    probably not there.

    Args:
        error: of the difference, with the degrees of freedom that its estimate has.
        significance: that a p-value has to fall below.

    Returns:
        In the unit of the differences; None where there is no spread to go by.
    """
    return _detectable_in_errors(round(error.degrees, 1), significance) * error.value or None


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
    effect = _detectable_in_errors(examples - 1, SIGNIFICANT) / examples**0.5
    difference = effect * (discordant_share / (1 + effect**2)) ** 0.5
    return difference if difference <= discordant_share else None


@functools.cache
def _detectable_in_errors(degrees: float, significance: float) -> float:
    """In standard errors."""
    from statsmodels.stats.power import TTestPower

    pairs = degrees + 1
    found = TTestPower().solve_power(nobs=pairs, alpha=significance, power=_POWER)
    return float(np.squeeze(found)) * pairs**0.5
