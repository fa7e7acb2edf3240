from math import sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from peftline.evaluation.statistics.clusters import (
    clustered,
    correlation_in_groups,
    degrees_of_freedom,
    effective_groups,
    standard_error,
    variance_of_mean,
)

SIZES = [1, 1, 2, 3, 5, 8]


def groups_of(sizes):
    """The name of each row's group."""
    return [f"tool-{at}" for at, size in enumerate(sizes) for _ in range(size)]


def by_matrices(values, sizes, correlation=0.0):
    """CR2 and its degrees of freedom as they are defined, with matrices of n rows and columns.

    Bell and McCaffrey 2002: A_g = (I - H_gg)^(-1/2), symmetric; the degrees are those of the sum of
    squares whose matrix is G' Omega G, G = (I - H)_g' A_g x_g / n for each group.
    """
    n, numbers = len(values), np.repeat(np.arange(len(sizes)), sizes)
    away = np.eye(n) - np.full((n, n), 1 / n)
    residuals = away @ values
    columns, variance = [], 0.0
    for group in range(len(sizes)):
        rows = numbers == group
        roots, vectors = np.linalg.eigh(away[np.ix_(rows, rows)])
        adjusted = vectors @ np.diag(roots**-0.5) @ vectors.T
        variance += (adjusted @ residuals[rows]).sum() ** 2 / n**2
        columns.append(away[rows].T @ adjusted @ np.ones(rows.sum()) / n)
    together = np.equal.outer(numbers, numbers)
    omega = (1 - correlation) * np.eye(n) + correlation * together
    matrix = np.array(columns) @ omega @ np.array(columns).T
    return variance, np.trace(matrix) ** 2 / (matrix**2).sum()


@pytest.mark.parametrize("sizes", [SIZES, [3, 3, 3, 3], [1] * 9, [2, 9], [1, 30, 1, 4]])
def test_error_and_degrees_are_those_of_the_matrices(sizes):
    values = np.random.default_rng(sum(sizes)).normal(size=sum(sizes))
    found = standard_error(values, groups_of(sizes))
    variance, degrees = by_matrices(values, sizes)
    assert found.value**2 == pytest.approx(variance, rel=1e-10)
    assert found.degrees == pytest.approx(degrees, rel=1e-10)


@pytest.mark.parametrize("correlation", [0.1, 0.5, 1.0])
def test_degrees_of_rows_that_correlate_are_those_of_the_matrices(correlation):
    values = np.zeros(sum(SIZES))
    _, expected = by_matrices(values, SIZES, correlation)
    assert degrees_of_freedom(np.array(SIZES), correlation) == pytest.approx(expected, rel=1e-10)
    several = degrees_of_freedom(np.array(SIZES), np.array([0.0, correlation]))
    assert several[1] == pytest.approx(expected) and several[0] > several[1]


def test_of_equal_groups_it_is_the_error_of_their_means():
    means = np.array([0.1, 0.5, 0.2, 0.9])
    values = np.repeat(means, 3) + np.tile([-0.1, 0.0, 0.1], 4)
    found = standard_error(values, groups_of([3] * 4))
    assert found.value == pytest.approx(np.std(means, ddof=1) / sqrt(4))
    assert found.degrees == pytest.approx(3)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40))
def test_where_every_row_is_a_group_it_is_the_usual_error(values):
    found = standard_error(values, [str(at) for at in range(len(values))])
    assert found.value == pytest.approx(stats.sem(values), abs=1e-12)
    assert found.degrees == pytest.approx(len(values) - 1)


def test_by_hand():
    """Rows 1, 1, 0 in the groups a, a, b: mean 2/3, residual sums 2/3 and -2/3, shares 2/3, 1/3.

    (4/9 / (1/3) + 4/9 / (2/3)) / 9 = 2/9; one group against one other is one degree at most.
    """
    found = standard_error([1, 1, 0], ["a", "a", "b"])
    assert found.value**2 == pytest.approx(2 / 9)
    assert found.degrees == pytest.approx(1)


def test_with_the_correction_of_equal_groups_it_is_the_clustered_error_of_statsmodels():
    """Which has CR1: the uncorrected sum of squares, times G / (G - 1)."""
    values = np.random.default_rng(5).normal(size=sum(SIZES))
    numbers = np.repeat(np.arange(len(SIZES)), SIZES)

    def theirs(corrected, of=values, belongs=numbers):
        how = {"groups": belongs, "use_correction": corrected}
        return sm.OLS(of, np.ones(len(of))).fit(cov_type="cluster", cov_kwds=how).bse[0] ** 2

    totals = np.bincount(numbers, values - values.mean())
    assert theirs(False) == pytest.approx((totals**2).sum() / sum(SIZES) ** 2)
    assert theirs(False) < standard_error(values, groups_of(SIZES)).value ** 2
    equal = values[:18]
    found = standard_error(equal, groups_of([3] * 6)).value ** 2
    assert found == pytest.approx(theirs(True, equal, np.repeat(np.arange(6), 3)))


def test_the_variance_is_unbiased_of_independent_rows_and_nearly_of_others():
    rng, sizes = np.random.default_rng(6), np.array(SIZES * 5)
    for correlation, slack in ((0.0, 0.0), (0.3, 0.05)):
        spread = sizes * (1 + (sizes - 1) * correlation)
        totals = rng.normal(0, np.sqrt(spread), size=(20_000, len(sizes)))
        found = variance_of_mean(totals, sizes)
        true = spread.sum() / sizes.sum() ** 2
        error = 3 * found.std() / sqrt(len(found)) / true
        assert abs(found.mean() / true - 1) <= error + slack


def test_groups_weigh_as_much_as_so_many_of_equal_size():
    assert effective_groups(np.array([4, 4, 4])) == 3
    assert effective_groups(np.array([9, 1])) == pytest.approx(100 / 82)
    assert clustered(["a", "b", "a"]).effective == pytest.approx(9 / 5)
    assert clustered([]).effective == 0


def test_groups_are_told_by_their_names():
    found = clustered(["b", "a", "b", "c"])
    assert found.of_rows.tolist() == [0, 1, 0, 2]
    assert found.sizes.tolist() == [2, 1, 1]
    assert found.totals([1, 10, 100, 1000]).tolist() == [101, 10, 1000]
    assert not found.are_single_rows and clustered(["a", "b"]).are_single_rows


def test_a_design_effect_tells_the_correlation():
    sizes = np.array([4] * 5)
    assert correlation_in_groups(np.array([0.7, 1.0, 2.5, 9.0]), sizes).tolist() == [0, 0, 0.5, 1]
    assert correlation_in_groups(np.array(1.0), np.array([1, 1])) == 0


def test_fewer_than_two_groups_have_no_standard_error():
    assert standard_error([0.5], ["a"]) is None
    assert standard_error([0.5, 0.7], ["a", "a"]) is None


def test_rows_without_a_group_are_no_rows():
    with pytest.raises(ValueError, match="2 values of 1"):
        standard_error([0.5, 0.7], ["a"])
