"""The paired permutation test: the signs of differences are turned over, all ways or at random."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import stats

SIGN_FLIPS = 9999  # p-values in steps of 1/10,000
_TOLERANCE = 1e-6  # of a step; means of seeds are rounded by floating point alone
_MOST_STEPS = 1_000_000  # 16 seeds on 60,000 examples
_AT_ONCE = 2_000_000  # values: 16 MB


def steps(differences: Sequence[float], parts: int) -> np.ndarray | None:
    """Differences counted in steps of `1 / parts`; None if one is no whole number of steps, or they
    are more than can be counted.

    Args:
        differences: of scores; those of means of three hits or misses are multiples of 1/3.
        parts: into how many steps a score of 1 is divided.
    """
    scaled = np.asarray(differences, dtype=float) * parts
    whole = np.rint(scaled)
    if np.abs(scaled - whole).max(initial=0) > _TOLERANCE or np.abs(whole).sum() > _MOST_STEPS:
        return None
    return whole.astype(int)


def exact(differences: Sequence[int]) -> float:
    """Share of all sign patterns whose sum is at least as far from zero as the one observed.

    The distribution of the sum over all 2^n patterns is built up, one size of difference at a time,
    so no pattern is left to chance: a size that occurs k times adds a binomial number of it. For
    differences of 1, 0 and -1 it is the exact McNemar test.
    """
    sizes = Counter(abs(int(one)) for one in differences if one)
    chances = np.ones(1)  # that the positive ones add up to so much
    for size, count in sizes.most_common():
        before, chances = chances, np.zeros(len(chances) + size * count)
        for positive, chance in enumerate(stats.binom.pmf(np.arange(count + 1), count, 0.5)):
            chances[positive * size :][: len(before)] += chance * before
    sums = 2 * np.arange(len(chances)) - (len(chances) - 1)
    return min(1.0, float(chances[np.abs(sums) >= abs(sum(map(int, differences)))].sum()))


def drawn(differences: Sequence[float], flips: int = SIGN_FLIPS) -> float:
    """The same for any differences, at random, always the same ones (scipy); all, if no more.

    Never less than 2 / (flips + 1) where patterns are drawn.
    """
    result = stats.permutation_test(
        (np.asarray(differences, dtype=float),),
        np.mean,
        permutation_type="samples",  # of one sample: signs
        n_resamples=flips,
        batch=max(1, _AT_ONCE // len(differences)),
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)
