"""Paired tests of two models on the same examples, by groups of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from peftline.evaluation.statistics import sign_flips
from peftline.evaluation.statistics.clusters import (
    Clusters,
    StandardError,
    clustered,
    standard_error,
)
from peftline.evaluation.statistics.intervals import Metric, design_effect, metric

SIGNIFICANT = 0.05
_ENOUGH_FOR_T = 30  # groups, from which sums are near enough to normal
_MORE_FLIPS = 2**17 - 1  # p-values from 1.5e-5 on: below 5 % over 741 pairs


class PairedTest(NamedTuple):
    """What is known about the difference of two models."""

    difference: Metric
    """Ours - theirs, with its interval by the t-distribution."""
    error: StandardError | None
    """Of the difference; None for fewer than two groups."""
    p_value: float
    differing_groups: int
    """Whose sums differ; no others have a sign to flip."""

    def not_testable(self, level: float = SIGNIFICANT) -> str | None:
        """Why no difference, however large, could be found; None if one could.

        Args:
            level: that the p-value has to be below.
        """
        return self.difference["no_verdict"] or too_few_differ(self.differing_groups, level)


def too_few_differ(groups: int, level: float) -> str | None:
    """Why so few differing groups can give no p-value below a level; None if they can.

    Of 2^G patterns of signs, the observed one and its mirror are always as far from zero. Also None
    where no group differs: there is nothing to test.
    """
    smallest = 2.0 ** (1 - groups)
    if not groups or smallest < level:
        return None
    where = "1 group differs" if groups == 1 else f"{groups} groups differ"
    return f"{where}, which allows no p-value below {smallest:.2g}"


def paired_test(
    ours: Sequence[float],
    theirs: Sequence[float],
    groups: Sequence[str],
    seeds: int = 1,
    widened: Callable[[StandardError], StandardError] | None = None,
    flips: int = sign_flips.SIGN_FLIPS,
) -> PairedTest:
    """Could two models that are equally good differ so much on other examples like these?

    Two recipes, of which the larger p-value counts. The first turns over the signs of the groups'
    sums (`sign_flips`), which asks nothing of them but that they be symmetric about zero if the
    models are equal: exactly where scores come in steps of 1 / seeds, else at random. For single
    rows of hits and misses it is McNemar's exact test (1947, doi:10.1007/BF02295996). The second is
    the t-test with the CR2 error, to which `widened` adds what other seeds would. Where every row
    is a group of its own and nothing is added, the first alone is exact, and counts.

    Args:
        ours: a score of each row, such as its mean over seeds.
        theirs: of the same rows.
        groups: of the rows.
        seeds: over which scores are means: a common multiple, if the two have different numbers.
        widened: from the error over other examples, that over other seeds too.
        flips: how many are tried at random; all, if there are no more.

    Returns:
        A p-value of 1.0 where no group or one alone differs, also without rows.

    Raises:
        ValueError: the lists differ in length.
    """
    pairs = zip(ours, theirs, groups, strict=True)
    differences = np.array([float(a) - float(b) for a, b, _ in pairs])
    clusters = clustered(groups)
    of_examples = standard_error(differences, groups)
    error = widened(of_examples) if widened and of_examples else of_examples
    average = float(differences.mean()) if len(differences) else 0.0
    p_value, differing = _flipped(differences, clusters, seeds, flips)
    if error and not (clusters.are_single_rows and error == of_examples):
        p_value = max(p_value, error.p_value(average))
    low, high = error.around(average) if error else (None, None)
    effect = design_effect(differences, clusters) if len(differences) else 1.0
    return PairedTest(metric(average, low, high, clusters, effect), error, p_value, differing)


def _flipped(
    differences: np.ndarray, clusters: Clusters, seeds: int, flips: int
) -> tuple[float, int]:
    """The p-value of flipped signs, and how many groups have one."""
    if not np.isfinite(differences).all():
        return 1.0, 0
    counted = sign_flips.steps(differences, seeds)
    totals = clusters.totals(differences if counted is None else counted)
    scale = np.abs(differences).max(initial=0)
    signed = totals[np.abs(totals) > 1e-9 * scale] if counted is None else totals[totals != 0]
    count = len(signed)
    if count < 2:
        return 1.0, count
    if counted is not None:
        return sign_flips.exact(np.rint(signed).astype(int)), count
    p_value, floor = sign_flips.drawn(signed, flips), 2 / (flips + 1)
    if p_value > floor:
        return p_value, count
    # No pattern reaches the sum, so their number is all that is known. Without more of them, or the
    # t-test, no difference would outlast the adjustment for many pairs.
    if count < _ENOUGH_FOR_T:
        return sign_flips.drawn(signed, _MORE_FLIPS), count
    error = StandardError(float(np.std(signed, ddof=1)) / count**0.5, count - 1.0)
    return min(floor, error.p_value(float(signed.mean()))), count


def adjusted(p_values: list[float]) -> list[float]:
    """p-values of several comparisons, corrected so that all hold together (Holm 1979).

    Of twenty recipes that do not differ, one would be found to at 5 %; after the correction, one
    in twenty such tables has any such finding.
    """
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if p_values else []
