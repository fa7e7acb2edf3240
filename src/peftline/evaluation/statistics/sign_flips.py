"""The exact paired permutation test for differences in whole steps, such as means of few seeds."""

import numpy as np

_TOLERANCE = 1e-6  # of a step; means of seeds are rounded by floating point alone


def steps(ours: list[float], theirs: list[float], parts: int) -> list[int] | None:
    """Differences counted in steps of `1 / parts`; None if one is no whole number of steps.

    Args:
        ours: a score per example; a mean of three hits or misses is a multiple of 1/3.
        theirs: the same examples.
        parts: into how many steps a score of 1 is divided.

    Raises:
        ValueError: the lists differ in length.
    """
    pairs = zip(ours, theirs, strict=True)
    scaled = np.array([(float(a) - float(b)) * parts for a, b in pairs])
    whole = np.rint(scaled)
    return (
        None if np.abs(scaled - whole).max(initial=0) > _TOLERANCE else whole.astype(int).tolist()
    )


def p_value(differences: list[int]) -> float:
    """Share of all sign patterns whose sum is at least as far from zero as the one observed.

    The distribution of the sum over all 2^n patterns is built up one difference at a time, so no
    pattern is left to chance. For differences of 1, 0 and -1 it is the exact McNemar test.
    """
    sizes = [abs(difference) for difference in differences if difference]
    total = sum(sizes)
    chances = np.zeros(total + 1)  # that the positive ones add up to so much
    chances[0] = 1.0
    for size in sizes:
        positive = np.zeros_like(chances)
        positive[size:] = chances[:-size]
        chances = (chances + positive) / 2
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= abs(sum(differences))].sum()))
