"""Paired tests of two recipes on the same examples."""

import numpy as np
from scipy import stats

from peftline.evaluation.statistics import sign_flips
from peftline.evaluation.statistics.intervals import AT_ONCE, paired_differences

SIGNIFICANT = 0.05
SIGN_FLIPS = 9999  # p-values in steps of 1/10,000
_ENOUGH_FOR_T = 30  # examples, from which means are near enough to normal


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
    differences = [difference for difference in paired_differences(ours, theirs) if difference]
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
        batch=max(1, AT_ONCE // len(differences)),
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
