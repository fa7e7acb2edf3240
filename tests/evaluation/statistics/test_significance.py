from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from peftline.evaluation.statistics import significance

SIMULATED = 2000
# Three standard errors of a share of 0.05 over so many simulated samples.
MONTE_CARLO = 3 * sqrt(0.05 * 0.95 / SIMULATED)


def paired(both, ours_alone, theirs_alone, neither):
    """Hits of two models with this table."""
    ours = [1] * (both + ours_alone) + [0] * (theirs_alone + neither)
    theirs = [1] * both + [0] * ours_alone + [1] * theirs_alone + [0] * neither
    return ours, theirs


@pytest.mark.parametrize(
    ("table", "p_value"),
    [
        ((794, 150, 86, 570), 3.716e-05),  # Agresti 1990, approval of a prime minister, twice
        ((5, 10, 2, 3), 2 * (1 + 12 + 66) / 2**12),  # twice the chance of 2 or fewer heads of 12
        ((0, 1, 5, 0), 2 * (1 + 6) / 2**6),
        ((3, 4, 4, 3), 1.0),
        ((9, 0, 0, 9), 1.0),
        ((9, 1, 0, 9), 1.0),
    ],
)
def test_hits_are_compared_by_the_exact_test_of_mcnemar(table, p_value):
    assert significance.paired_p_value(*paired(*table)) == pytest.approx(p_value, rel=1e-3)


@given(st.integers(0, 30), st.integers(0, 60), st.integers(0, 60), st.integers(0, 30))
def test_mcnemars_test_is_a_fair_coin_for_who_alone_is_right(both, ours_alone, theirs_alone, none):
    found = significance.paired_p_value(*paired(both, ours_alone, theirs_alone, none))
    discordant = ours_alone + theirs_alone
    coin = stats.binomtest(ours_alone, discordant).pvalue if discordant else 1.0
    assert found == pytest.approx(coin)


def every_sign(differences):
    """The share of all sign flips whose mean is as far from zero."""
    means = [abs(np.dot(signs, differences)) for signs in product([1, -1], repeat=len(differences))]
    return np.mean(np.array(means) >= abs(sum(differences)) - 1e-12)


def test_other_scores_are_compared_by_flipping_every_sign():
    ours = [0.9, 0.4, 0.75, 0.3, 0.62, 0.8, 0.51, 0.97, 0.2]
    theirs = [0.5, 0.45, 0.5, 0.1, 0.6, 0.4, 0.55, 0.7, 0.2]
    expected = every_sign(np.subtract(ours, theirs)[:-1])  # the last pair does not differ
    assert significance.paired_p_value(ours, theirs) == pytest.approx(expected)
    assert significance.paired_p_value(theirs, ours) == pytest.approx(expected)


def test_many_normal_differences_have_the_p_value_of_the_paired_t_test():
    rng = np.random.default_rng(4)
    theirs = rng.normal(size=200)
    ours = theirs + rng.normal(0.12, 1, size=200)
    expected = stats.ttest_rel(ours, theirs).pvalue
    assert 0.01 < expected < 0.5
    found = significance.paired_p_value(list(ours), list(theirs))
    assert found == pytest.approx(expected, abs=0.015)
    assert found == significance.paired_p_value(list(ours), list(theirs))


@pytest.mark.parametrize("scores", [[], [0.3], [0.3, 0.4, 0.5], [0, 1, 1]])
def test_equal_scores_do_not_differ(scores):
    assert significance.paired_p_value(scores, scores) == 1.0


def test_one_pair_alone_shows_nothing():
    assert significance.paired_p_value([0.3], [0.9]) == 1.0
    assert significance.paired_p_value([1], [0]) == 1.0


def test_equal_models_are_told_apart_once_in_twenty_at_most():
    """Hits: the exact test keeps below 5 %. Scores: it is at 5 %."""
    rng = np.random.default_rng(5)
    differences = rng.choice([1, 0, -1], p=[0.15, 0.7, 0.15], size=(SIMULATED, 100))
    p_values = [significance.paired_p_value(*as_hits(one)) for one in differences]
    assert 0.01 < np.mean(np.array(p_values) <= 0.05) <= 0.05 + MONTE_CARLO
    scores = rng.laplace(size=(SIMULATED, 30))
    p_values = [significance.paired_p_value(list(one), [0.0] * 30, flips=399) for one in scores]
    assert abs(np.mean(np.array(p_values) <= 0.05) - 0.05) <= MONTE_CARLO


def as_hits(differences):
    """Hits and misses with these differences."""
    return list((differences > 0).astype(int)), list((differences < 0).astype(int))


def test_several_p_values_are_corrected_by_holms_steps():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; none smaller than the one before.
    assert significance.adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert significance.adjusted([0.2]) == pytest.approx([0.2])
    assert significance.adjusted([0.9, 0.8]) == [1.0, 1.0]
    assert significance.adjusted([]) == []


def test_a_plain_difference_outlasts_the_adjustment_for_very_many_pairs():
    """Random flips alone give no p-value below 2 in 10,000."""
    rng = np.random.default_rng(0)
    theirs = rng.uniform(0.1, 0.3, 200)
    p_value = significance.paired_p_value([*(theirs + rng.uniform(0.3, 0.5, 200))], [*theirs])
    assert p_value < 1e-20
    assert significance.adjusted([p_value] * 946)[0] < 0.05


def test_lists_of_different_examples_cannot_be_compared():
    with pytest.raises(ValueError, match="zip"):
        significance.paired_p_value([1.0], [1.0, 0.0])
