"""Temporary: the functions of the comparison's statistics until the real ones are here."""

import numpy as np
from scipy import stats

from peftline.evaluation.metrics import mean, paired_difference, proportion

__all__ = [
    "adjusted",
    "mean",
    "minimum_detectable_difference",
    "paired_difference",
    "paired_p_value",
    "proportion",
]


def paired_p_value(ours: list[float], theirs: list[float]) -> float:
    """Two-sided p-value: exact McNemar for 0/1 values, else sign flips."""
    differences = np.asarray(ours, float) - np.asarray(theirs, float)
    if not differences.any():
        return 1.0
    if set(ours) | set(theirs) <= {0, 1}:
        plus, minus = int((differences > 0).sum()), int((differences < 0).sum())
        return float(stats.binomtest(plus, plus + minus).pvalue)
    result = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=9_999,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def adjusted(p_values: list[float]) -> list[float]:
    """Holm."""
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]] if p_values else []


def minimum_detectable_difference(differences: list[float]) -> float | None:
    """The true mean difference found with 80 % power at 5 %."""
    from statsmodels.stats.power import TTestPower

    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    if not spread:
        return None
    return spread * float(TTestPower().solve_power(nobs=len(differences), alpha=0.05, power=0.8))
