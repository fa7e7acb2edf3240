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
    assert sign_flips.p_value(differences) == pytest.approx(expected)


@given(st.integers(0, 60), st.integers(0, 60))
def test_for_hits_and_misses_it_is_the_exact_mcnemar_test(ours_alone, theirs_alone):
    differences = [1] * ours_alone + [-1] * theirs_alone + [0] * 5
    discordant = ours_alone + theirs_alone
    expected = stats.binomtest(ours_alone, discordant).pvalue if discordant else 1.0
    assert sign_flips.p_value(differences) == pytest.approx(expected)


def test_it_resolves_p_values_that_random_flips_cannot():
    assert sign_flips.p_value([3] * 30) == pytest.approx(2 * 0.5**30)


def test_means_of_seeds_are_whole_steps_and_other_scores_are_not():
    assert sign_flips.steps([1 / 3, 1.0, 0.0], [0.5, 0.5, 0.0], 6) == [-1, 3, 0]
    assert sign_flips.steps([0.123], [0.5], 6) is None
    assert sign_flips.steps([], [], 1) == []


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError):
        sign_flips.steps([1.0], [], 1)
