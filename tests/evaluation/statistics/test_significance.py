from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from peftline.evaluation.statistics import significance

SIMULATED = 2000
# Three standard errors of a share of 0.05 over so many simulated samples.
MONTE_CARLO = 3 * sqrt(0.05 * 0.95 / SIMULATED)


def p_value(ours, theirs, groups=None, **more):
    """Every row is a group of its own by default."""
    groups = groups or [str(at) for at in range(len(ours))]
    return significance.paired_test(ours, theirs, groups, **more).p_value


def paired(both, ours_alone, theirs_alone, neither):
    """Hits of two models with this table."""
    ours = [1] * (both + ours_alone) + [0] * (theirs_alone + neither)
    theirs = [1] * both + [0] * ours_alone + [1] * theirs_alone + [0] * neither
    return ours, theirs


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((794, 150, 86, 570), 3.716e-05),  # Agresti 1990, approval of a prime minister, twice
        ((5, 10, 2, 3), 2 * (1 + 12 + 66) / 2**12),  # twice the chance of 2 or fewer heads of 12
        ((0, 1, 5, 0), 2 * (1 + 6) / 2**6),
        ((3, 4, 4, 3), 1.0),
        ((9, 0, 0, 9), 1.0),
        ((9, 1, 0, 9), 1.0),
    ],
)
def test_hits_are_compared_by_the_exact_test_of_mcnemar(table, expected):
    assert p_value(*paired(*table)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("table", [(5, 10, 2, 3), (60, 31, 12, 97), (0, 150, 86, 0), (90, 9, 0, 1)])
def test_for_single_rows_it_is_mcnemars_p_value_of_statsmodels(table):
    _, ours_alone, theirs_alone, _ = table
    expected = mcnemar([[0, ours_alone], [theirs_alone, 0]], exact=True).pvalue
    assert abs(p_value(*paired(*table)) - expected) < 1e-12


@given(st.integers(0, 30), st.integers(0, 60), st.integers(0, 60), st.integers(0, 30))
def test_mcnemars_test_is_a_fair_coin_for_who_alone_is_right(both, ours_alone, theirs_alone, none):
    found = p_value(*paired(both, ours_alone, theirs_alone, none))
    discordant = ours_alone + theirs_alone
    coin = stats.binomtest(ours_alone, discordant).pvalue if discordant else 1.0
    assert found == pytest.approx(coin, rel=1e-9)


def every_sign(differences):
    """The share of all sign flips whose mean is as far from zero."""
    means = [abs(np.dot(signs, differences)) for signs in product([1, -1], repeat=len(differences))]
    return np.mean(np.array(means) >= abs(sum(differences)) - 1e-12)


def test_other_scores_are_compared_by_flipping_every_sign():
    ours = [0.9, 0.4, 0.75, 0.3, 0.62, 0.8, 0.51, 0.97, 0.2]
    theirs = [0.5, 0.45, 0.5, 0.1, 0.6, 0.4, 0.55, 0.7, 0.2]
    expected = every_sign(np.subtract(ours, theirs)[:-1])  # the last pair does not differ
    assert p_value(ours, theirs) == pytest.approx(expected)
    assert p_value(theirs, ours) == pytest.approx(expected)


def test_many_normal_differences_have_the_p_value_of_the_paired_t_test():
    rng = np.random.default_rng(4)
    theirs = rng.normal(size=200)
    ours = theirs + rng.normal(0.12, 1, size=200)
    expected = stats.ttest_rel(ours, theirs).pvalue
    assert 0.01 < expected < 0.5
    found = p_value(list(ours), list(theirs))
    assert found == pytest.approx(expected, abs=0.015)
    assert found == p_value(list(ours), list(theirs))


@pytest.mark.parametrize("scores", [[], [0.3], [0.3, 0.4, 0.5], [0, 1, 1]])
def test_equal_scores_do_not_differ(scores):
    assert p_value(scores, scores) == 1.0


def test_one_pair_alone_shows_nothing():
    assert p_value([0.3], [0.9]) == 1.0
    assert p_value([1], [0]) == 1.0


def test_equal_models_are_told_apart_once_in_twenty_at_most():
    """Hits: the exact test keeps below 5 %. Scores: it is at 5 %."""
    rng = np.random.default_rng(5)
    differences = rng.choice([1, 0, -1], p=[0.15, 0.7, 0.15], size=(SIMULATED, 100))
    p_values = [p_value(*as_hits(one)) for one in differences]
    assert 0.01 < np.mean(np.array(p_values) <= 0.05) <= 0.05 + MONTE_CARLO
    scores = rng.laplace(size=(SIMULATED, 30))
    p_values = [p_value(list(one), [0.0] * 30, flips=399) for one in scores]
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
    found = p_value([*(theirs + rng.uniform(0.3, 0.5, 200))], [*theirs])
    assert found < 1e-20
    assert significance.adjusted([found] * 946)[0] < 0.05


def test_lists_of_different_examples_cannot_be_compared():
    with pytest.raises(ValueError, match="zip"):
        p_value([1.0], [1.0, 0.0])


def in_groups(sums, size=4):
    """Scores of two models that differ by these sums in groups of so many rows."""
    differences = [x for one in sums for x in [np.sign(one)] * abs(one) + [0] * (size - abs(one))]
    ours = [float(x > 0) for x in differences]
    theirs = [float(x < 0) for x in differences]
    return ours, theirs, [str(at // size) for at in range(len(ours))]


def test_rows_of_a_group_flip_together():
    """8 groups of 3 rows each that all say the same: 2 of 2^8 patterns, not 2 of 2^24."""
    ours, theirs, groups = in_groups([3] * 8 + [0] * 20)
    found = significance.paired_test(ours, theirs, groups)
    assert found.differing_groups == 8
    t = stats.ttest_1samp([3] * 8 + [0] * 20, 0).pvalue
    assert found.p_value == pytest.approx(max(t, 2 / 2**8)) == 2.0 ** (1 - found.differing_groups)
    assert p_value(ours, theirs) == pytest.approx(2 / 2**24)


def test_the_larger_of_both_p_values_counts():
    """Sums of equal groups: the t-test is that of the sums."""
    for sums in ([4, 3, 2, 2, 1, 1, 1, -1, 1, 2], [4, 4, 4, 4, 4, 4, 4, 3, 4, 4]):
        t = stats.ttest_1samp(sums, 0.0).pvalue
        flips = every_sign(sums)
        assert p_value(*in_groups(sums)) == pytest.approx(max(t, flips))


def test_a_difference_has_the_interval_of_the_error_by_groups():
    sums = [4, 3, 2, 2, 1, 1, 1, -1, 1, 2]
    found = significance.paired_test(*in_groups(sums)).difference
    expected = stats.ttest_1samp(np.array(sums) / 4, 0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected), abs=1e-6)
    assert (found["value"], found["n"], found["groups"]) == (0.4, 40, 10)


def test_pairing_takes_the_difficulty_of_examples_out():
    hard = [0.0, 1.0] * 20
    groups = [str(at) for at in range(40)]
    found = significance.paired_test([x + 0.1 for x in hard], hard, groups).difference
    assert found["value"] == pytest.approx(0.1)
    assert found["high"] - found["low"] < 1e-5


def test_means_over_seeds_and_other_scores_flip_by_groups_too():
    rng = np.random.default_rng(3)
    sums = rng.integers(-2, 5, size=12)
    ours, theirs, groups = in_groups(sums)
    thirds = [x / 3 for x in ours], [x / 3 for x in theirs]
    assert p_value(*thirds, groups, seeds=3) == pytest.approx(p_value(ours, theirs, groups))
    odd = [x * 0.377 for x in ours], [x * 0.377 for x in theirs]
    assert p_value(*odd, groups) == pytest.approx(p_value(ours, theirs, groups))


@pytest.mark.parametrize("count", [15, 20, 28])
def test_other_scores_of_few_groups_can_outlast_many_pairs(count):
    """9,999 patterns end at 2 in 10,000; all of 2^15 at 6e-5, and more drawn ones at 1.5e-5."""
    better = np.random.default_rng(count).uniform(0.5, 0.6, count).tolist()
    found = significance.paired_test(better, [0.0] * count, [str(at) for at in range(count)])
    assert found.p_value == pytest.approx(max(2.0 ** (1 - count), 2 / 2**17))
    assert found.p_value < 0.05 / 741


def test_what_other_seeds_would_add_is_in_the_t_test():
    ours, theirs, groups = in_groups([3] * 12 + [0] * 8)
    plain = significance.paired_test(ours, theirs, groups)
    wide = significance.paired_test(
        ours, theirs, groups, widened=lambda error: error._replace(value=3 * error.value)
    )
    assert wide.error.value == pytest.approx(3 * plain.error.value)
    assert wide.p_value == pytest.approx(wide.error.p_value(wide.difference["value"]))
    assert wide.p_value > 0.05 > plain.p_value


@pytest.mark.parametrize(
    ("differing", "level", "reason"),
    [
        (6, 0.05, None),  # 2^-5 is 0.031
        (5, 0.05, "5 groups differ, which allows no p-value below 0.062"),
        (15, 0.05 / 741, None),  # 2^-14 is 6.1e-5, and 6.7e-5 are asked
        (14, 0.05 / 741, "14 groups differ, which allows no p-value below 0.00012"),
        (1, 0.05, "1 group differs, which allows no p-value below 1"),
        (0, 0.05, None),  # nothing to test
    ],
)
def test_few_differing_groups_are_not_testable(differing, level, reason):
    found = significance.paired_test(*in_groups([2] * differing + [0] * 20))
    assert found.not_testable(level) == reason
    assert found.p_value >= min(1.0, 2.0 ** (1 - found.differing_groups)) * (1 - 1e-12)


def test_of_few_effective_groups_nothing_is_testable():
    found = significance.paired_test(*in_groups([2] * 9))
    assert found.not_testable() == "9.0 effective groups, and 10 are needed"


def test_a_score_that_is_no_number_makes_no_difference():
    found = significance.paired_test([float("nan"), 1.0], [0.0, 0.0], ["a", "b"])
    assert (found.p_value, found.differing_groups) == (1.0, 0)


def test_equal_models_on_groups_are_told_apart_once_in_twenty_and_by_rows_far_more_often():
    rng, sizes = np.random.default_rng(8), np.resize([1, 3, 8], 24)
    groups = [str(at) for at in np.repeat(np.arange(24), sizes)]
    by_groups, by_rows = [], []
    for _ in range(500):
        together = rng.random((2, 24)) < 0.5
        own = rng.random((2, len(groups))) < 0.5
        whole = np.repeat(rng.random(24) < 0.6, sizes)  # groups whose rows all share one outcome
        ours, theirs = np.where(whole, np.repeat(together, sizes, axis=1), own).astype(float)
        by_groups.append(p_value(ours, theirs, groups))
        by_rows.append(p_value(ours, theirs))
    assert np.mean(np.array(by_groups) < 0.05) <= 0.05 + 3 * sqrt(0.05 * 0.95 / 500)
    assert np.mean(np.array(by_rows) < 0.05) > 0.2
