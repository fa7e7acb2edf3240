from math import sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from peftline.evaluation.statistics import power, significance
from peftline.evaluation.statistics.clusters import StandardError, standard_error

SIMULATED = 2000


def alone(values):
    """Every row a group of its own."""
    return [str(at) for at in range(len(values))]


def detectable_effect(pairs):
    """In standard deviations of the differences."""
    differences = [1.0, -1.0] * (pairs // 2) + [0.0] * (pairs % 2)
    return detectable(differences) / np.std(differences, ddof=1)


def planned(examples, discordant):
    """Of examples that are groups of their own."""
    return power.planned_detectable_difference([1] * examples, discordant)


def detectable(differences):
    return power.minimum_detectable_difference(standard_error(differences, alone(differences)))


@pytest.mark.parametrize(("pairs", "effect"), [(199, 0.2), (34, 0.5), (15, 0.8)])
def test_the_detectable_difference_is_that_of_published_sample_sizes(pairs, effect):
    """The fewest pairs for Cohen's small, medium and large effects, as G*Power 3.1 gives them."""
    assert detectable_effect(pairs) <= effect < detectable_effect(pairs - 1)


def test_of_many_pairs_the_detectable_difference_follows_the_normal_distribution():
    differences = list(np.random.default_rng(6).normal(0.3, 2, size=5000))
    expected = (1.959964 + 0.841621) * np.std(differences, ddof=1) / sqrt(5000)
    found = detectable(differences)
    assert found == pytest.approx(expected, rel=1e-3)


def test_without_spread_nothing_can_be_said_of_what_is_detectable():
    assert detectable([0.0, 0.0, 0.0]) is None


def test_a_detectable_difference_is_found_4_times_in_5():
    rng, zero = np.random.default_rng(7), [0.0] * 40
    samples = rng.normal(detectable_effect(40), 1, size=(1000, 40))
    tests = [significance.paired_test(one, zero, alone(zero), flips=399) for one in samples]
    p_values = [test.p_value for test in tests]
    error = 3 * sqrt(0.8 * 0.2 / 1000)
    assert abs(np.mean(np.array(p_values) <= 0.05) - 0.8) <= error + 0.01


@pytest.mark.parametrize(("examples", "discordant"), [(200, 0.2), (500, 0.1), (100, 0.5)])
def test_a_planned_difference_of_hits_is_found_nearly_4_times_in_5(examples, discordant):
    """McNemar's exact test keeps below its 5 %, which costs a few points of power."""
    size = planned(examples, discordant)
    ours, theirs = (discordant + size) / 2, (discordant - size) / 2
    rng = np.random.default_rng(8)
    tables = rng.multinomial(examples, [ours, theirs, 1 - discordant], size=SIMULATED)
    p_values = [stats.binomtest(int(a), int(a + b)).pvalue for a, b, _ in tables]
    assert 0.72 <= np.mean(np.array(p_values) <= 0.05) <= 0.82


def test_a_planned_difference_agrees_with_the_one_of_data_like_those_planned():
    size = planned(60, 0.5)
    ours_alone = round(60 * (0.5 + size) / 2)
    differences = [1.0] * ours_alone + [-1.0] * (30 - ours_alone) + [0.0] * 30
    measured = detectable(differences)
    assert measured == pytest.approx(size, rel=0.03)


def test_a_planned_difference_cannot_exceed_what_is_discordant():
    assert planned(1, 0.5) is None
    assert planned(20, 0.05) is None
    assert planned(2000, 0.05) < 0.05


def test_a_plan_counts_groups():
    """50 groups of 4 whose rows are all alike are 50 examples; the correlation lies between."""
    alike = power.planned_detectable_difference([4] * 50, 0.3, correlation=1.0)
    assert alike == pytest.approx(planned(50, 0.3), rel=1e-6)
    between = power.planned_detectable_difference([4] * 50, 0.3)
    assert planned(200, 0.3) < between < alike
    effect = 1 + 3 * power.CORRELATION
    assert between / planned(200, 0.3) == pytest.approx(effect**0.5, rel=0.03)
    skewed = [16] * 8 + [2] * 36
    assert power.planned_detectable_difference(skewed, 0.3) > between


@pytest.mark.parametrize(("examples", "discordant"), [(100, 0.0), (100, 1.5)])
def test_a_plan_without_sense_is_refused(examples, discordant):
    with pytest.raises(ValueError, match="discordant"):
        planned(examples, discordant)


def test_few_degrees_of_freedom_make_larger_differences_undetectable():
    """A t-test with 4 degrees of freedom, as of five pairs: 3.33 standard errors and more."""
    few, many = (power.minimum_detectable_difference(StandardError(0.01, d)) for d in (4.0, 199.0))
    normal = 1.959964 + 0.841621
    assert few > 1.2 * many > 1.2 * 0.01 * normal
    effect = few / 0.01 / sqrt(5)
    assert TTestPower().power(effect, nobs=5, alpha=0.05) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize("degrees", [3.0, 5.0, 9.0])
def test_few_degrees_and_many_comparisons_are_simulated_to_be_found_4_times_in_5(degrees):
    """Here scipy's noncentral t is no number, and statsmodels gives half of it."""
    level = 0.05 / 38
    shift = power.minimum_detectable_difference(StandardError(1.0, degrees), level)
    rng = np.random.default_rng(9)
    errors = np.sqrt(rng.chisquare(degrees, 40_000) / degrees)
    found = np.abs(rng.normal(shift, 1, 40_000) / errors) > stats.t.ppf(1 - level / 2, degrees)
    assert found.mean() == pytest.approx(0.8, abs=3 * sqrt(0.16 / 40_000) + 1e-3)
