import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from peftline.evaluation.statistics import sign_flips


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=10))
def test_it_is_scipys_permutation_test_with_all_flips(differences):
    expected = 1.0
    if any(differences):
        expected = stats.permutation_test(
            (np.array(differences),), np.sum, permutation_type="samples", n_resamples=np.inf
        ).pvalue
    assert sign_flips.exact(differences) == pytest.approx(expected)


@given(st.integers(0, 60), st.integers(0, 60))
def test_for_hits_and_misses_it_is_the_exact_mcnemar_test(ours_alone, theirs_alone):
    differences = [1] * ours_alone + [-1] * theirs_alone + [0] * 5
    discordant = ours_alone + theirs_alone
    expected = stats.binomtest(ours_alone, discordant).pvalue if discordant else 1.0
    assert sign_flips.exact(differences) == pytest.approx(expected)


def test_it_resolves_p_values_that_random_flips_cannot():
    assert sign_flips.exact([3] * 30) == pytest.approx(2 * 0.5**30)


def test_rare_sizes_beside_many_single_rows_are_counted_exactly():
    """300 flips of 1 and one of 40: the large one decides where the others even out."""
    one = stats.binom.pmf(np.arange(301), 300, 0.5)
    sums = 2 * np.arange(301) - 300
    expected = one[np.abs(sums + 40) >= 70].sum()
    assert sign_flips.exact([1] * 165 + [-1] * 135 + [40]) == pytest.approx(expected, rel=1e-9)


def test_means_of_seeds_are_whole_steps_and_other_scores_are_not():
    assert sign_flips.steps([1 / 3 - 0.5, 0.5, 0.0], 6).tolist() == [-1, 3, 0]
    assert sign_flips.steps([0.123 - 0.5], 6) is None
    assert sign_flips.steps([2e9, 1.0], 1) is None
    assert sign_flips.steps([], 1).tolist() == []


def test_random_flips_are_all_flips_where_these_are_few():
    differences = [0.9, 0.31, -0.2, 0.47, 0.05]
    expected = stats.permutation_test(
        (np.array(differences),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flips.drawn(differences) == pytest.approx(expected)
    many = list(np.random.default_rng(2).normal(0.3, 1, 40))
    assert sign_flips.drawn(many) == sign_flips.drawn(many)
