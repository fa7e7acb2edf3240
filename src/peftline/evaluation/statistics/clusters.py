"""Rows that lie in groups: the standard error of their mean, and how many groups they amount to.

Rows of one group (a tool, a document, a conversation) are not independent, so a mean is as certain
as its groups let it be. All formulas are those of the regression on a constant, in closed form.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class Clusters(NamedTuple):
    """Which rows belong together."""

    of_rows: np.ndarray
    """The number of each row's group."""
    sizes: np.ndarray
    """Rows of each group."""

    @property
    def effective(self) -> float:
        """How many equal groups weigh as much."""
        return effective_groups(self.sizes)

    def totals(self, values: Sequence[float]) -> np.ndarray:
        """The sum of each group's values."""
        return np.bincount(self.of_rows, weights=values, minlength=len(self.sizes))

    @property
    def are_single_rows(self) -> bool:
        """Whether every row is a group of its own."""
        return len(self.sizes) == len(self.of_rows)


class StandardError(NamedTuple):
    """Of a mean, with the degrees of freedom that its estimate has."""

    value: float
    degrees: float

    def p_value(self, difference: float) -> float:
        """Two-sided p-value of the t-test; 1.0 where nothing varies and nothing differs."""
        if not self.value:
            return float(difference == 0)
        return float(2 * stats.t.sf(abs(difference) / self.value, self.degrees))

    def around(self, value: float) -> tuple[float, float]:
        """The ends of the value's interval by the t-distribution."""
        reach = float(quantile(self.degrees)) * self.value
        return value - reach, value + reach


def clustered(groups: Sequence[str]) -> Clusters:
    """Rows by the names of their groups."""
    numbers: dict[str, int] = {}
    of_rows = np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=int)
    return Clusters(of_rows, np.bincount(of_rows))


def effective_groups(sizes: np.ndarray) -> float:
    """How many equal groups weigh as much: (sum n)² / sum n² (Kish 1965, Survey Sampling)."""
    return float(sizes.sum() ** 2 / np.square(sizes).sum()) if len(sizes) else 0.0


def standard_error(values: Sequence[float], groups: Sequence[str]) -> StandardError | None:
    """Of the mean of all rows, over other groups; None for fewer than two groups.

    Where every row is a group of its own it is the usual one: sd / sqrt(n), n - 1.

    Raises:
        ValueError: the lists differ in length.
    """
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values of {len(groups)} rows")
    clusters = clustered(groups)
    if len(clusters.sizes) < 2:
        return None
    variance = variance_of_mean(clusters.totals(values), clusters.sizes)
    return StandardError(float(variance) ** 0.5, float(degrees_of_freedom(clusters.sizes)))


def variance_of_mean(totals: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The CR2 variance of sum(totals) / sum(sizes) (Bell and McCaffrey 2002).

    The residuals of a group, taken together, are divided by sqrt(1 - its share of all rows), which
    makes the variance unbiased where rows are independent after all, and where groups are equal.
    The hat matrix of a constant is 1/n everywhere, so their inverse square root
    (I - H_g)^(-1/2) has the residuals' sum as an eigenvector and need not be computed.

    Args:
        totals: sum of each group's values; groups are the last axis, others are taken one by one.
        sizes: rows of each group, two groups at least.
    """
    rows = sizes.sum()
    shares = sizes / rows
    residuals = totals - shares * totals.sum(axis=-1, keepdims=True)
    return (residuals**2 / (1 - shares)).sum(axis=-1) / rows**2


def degrees_of_freedom(sizes: np.ndarray, correlation: np.ndarray | float = 0.0) -> np.ndarray:
    """Of the CR2 variance, by Satterthwaite (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018,
    doi:10.1080/07350015.2016.1247004), of independent rows or such that correlate in groups.

    The variance is a sum of squares (c_g . S)² of the groups' sums S, which are independent with
    variances v_g = n_g (1 + (n_g - 1) correlation), with c_g = (1_g - h_g 1) / sqrt(1 - h_g) for a
    group with the share h_g of all rows. The degrees are trace² / sum of squares of the matrix
    M_gk = (v_g [g = k] - h_k v_g - h_g v_k + h_g h_k sum v) / sqrt((1 - h_g)(1 - h_k)),
    here multiplied out. Of G equal groups they are G - 1, whatever the correlation.

    Args:
        sizes: rows of each group, two groups at least.
        correlation: of two rows of a group; several are taken one by one.
    """
    shares, correlation = sizes / sizes.sum(), np.asarray(correlation)[..., np.newaxis]
    weights = 1 / (1 - shares)
    variances = shares * (1 + (sizes - 1) * correlation)
    total = variances.sum(axis=-1, keepdims=True)
    without = weights * (shares**2 * total - 2 * shares * variances)  # diagonal, but for v_g
    diagonal = without + weights * variances
    hh = (weights * shares**2).sum()
    hv = (weights * shares * variances).sum(axis=-1)
    vv = (weights * variances**2).sum(axis=-1)
    total = total[..., 0]
    of_all = total**2 * hh**2 + 2 * hh * vv + 2 * hv**2 - 4 * total * hh * hv
    squares = of_all + (diagonal**2 - without**2).sum(axis=-1)
    return diagonal.sum(axis=-1) ** 2 / squares


def correlation_in_groups(effect: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Of two rows of a group, from a design effect: 1 + (sum n² / sum n - 1) correlation (Kish
    1965), from 0 to 1; 0 where every row is a group of its own."""
    more = np.square(sizes).sum() / sizes.sum() - 1
    return np.clip((effect - 1) / more, 0.0, 1.0) if more else np.zeros_like(effect)


def quantile(degrees: np.ndarray | float) -> np.ndarray:
    """How many standard errors a 95 % interval reaches to each side."""
    return stats.t.ppf((1 + CONFIDENCE) / 2, degrees)
