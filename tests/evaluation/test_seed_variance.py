import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from peftline.evaluation.seed_variance import (
    SeedVariance,
    StandardError,
    seed_variance,
    standard_error,
)
from peftline.evaluation.statistics import paired_difference

RNG = np.random.default_rng(3)
DIFFICULTY = RNG.beta(0.5, 0.5, size=40)


def runs(seeds, deviation, difficulty=DIFFICULTY, rng=RNG):
    """Hits and misses of one recipe: examples differ in difficulty, seeds in how good they are."""
    chances = np.clip(difficulty + rng.normal(0, deviation, size=(seeds, 1)), 0, 1)
    return (rng.random((seeds, len(difficulty))) < chances).astype(float).tolist()


def test_variances_are_those_of_an_analysis_of_variance_by_seed_and_example():
    scores = runs(3, 0.1)
    long = pd.DataFrame(
        [(s, e, value) for s, row in enumerate(scores) for e, value in enumerate(row)],
        columns=["seed", "example", "score"],
    )
    told = anova_lm(ols("score ~ C(seed) + C(example)", long).fit())
    found = seed_variance([scores])
    assert found.observed == pytest.approx(told["mean_sq"]["C(seed)"] / 40)
    assert found.chance == pytest.approx(told["mean_sq"]["Residual"] / 40)
    degrees = told["df"]["C(seed)"], told["df"]["Residual"]
    assert (found.observed_degrees, found.chance_degrees) == degrees


def test_the_observed_variance_is_that_of_the_results_of_runs():
    scores = runs(4, 0.1)
    assert seed_variance([scores]).observed == pytest.approx(
        np.var(np.mean(scores, axis=1), ddof=1)
    )


def test_recipes_are_pooled_by_their_seeds_whatever_their_level():
    three, two = runs(3, 0.1), runs(2, 0.1)
    better = (np.asarray(two) + 5).tolist()
    alone = [seed_variance([scores]) for scores in (three, two)]
    pooled = seed_variance([three, better, runs(1, 0.1)])
    assert pooled.observed == pytest.approx((2 * alone[0].observed + alone[1].observed) / 3)
    assert pooled.observed_degrees == 3


def test_without_a_second_seed_nothing_is_known():
    assert seed_variance([]) is None
    assert seed_variance([runs(1, 0.1), runs(1, 0.1)]) is None
    assert seed_variance([[[1.0], [0.0]]]) is None


def test_seeds_that_differ_no_more_than_chance_add_nothing():
    found = seed_variance([[[1.0, 0.0] * 20, [0.0, 1.0] * 20]])
    assert (found.value, found.deviation) == (0.0, 0.0)
    error = StandardError(0.03, 39)
    assert found.added_to(error, (2, 2)) == error


def test_the_part_of_the_seeds_is_added_for_each_side_that_was_trained():
    seeds = SeedVariance(observed=5e-4, observed_degrees=16, chance=1e-4, chance_degrees=3000)
    error = StandardError(0.03, 199)
    both, one = seeds.added_to(error, (3, 1)), seeds.added_to(error, (3, 0))
    assert both.value**2 == pytest.approx(0.03**2 + (1 / 3 + 1) * 4e-4)
    assert one.value**2 == pytest.approx(0.03**2 + 4e-4 / 3)
    assert 16 < both.degrees < one.degrees < 199 + 16


def test_where_seeds_are_all_there_is_their_degrees_of_freedom_count():
    seeds = SeedVariance(observed=4e-4, observed_degrees=4, chance=0.0, chance_degrees=8)
    assert seeds.added_to(StandardError(0.0, 1.0), (3, 3)).degrees == pytest.approx(4)


def test_without_seeds_it_is_the_paired_t_test():
    differences = list(RNG.normal(0.2, 1, size=30))
    told = stats.ttest_1samp(differences, 0.0)
    error, mean = standard_error(differences), float(np.mean(differences))
    assert error.p_value(mean) == pytest.approx(told.pvalue)
    interval = error.interval(mean, 30)
    expected = told.confidence_interval()
    assert [interval["low"], interval["high"]] == pytest.approx(list(expected), abs=1e-6)
    assert interval["n"] == paired_difference(differences, [0.0] * 30)["n"]


@pytest.mark.parametrize(("difference", "expected"), [(0.0, 1.0), (0.5, 0.0)])
def test_where_nothing_varies_any_difference_is_certain(difference, expected):
    assert standard_error([0.5]).p_value(difference) == expected


@pytest.mark.parametrize(("deviation", "at_least"), [(0.0, 0.0), (0.05, 0.3)])
def test_equal_recipes_differ_significantly_in_one_of_twenty_tables(deviation, at_least):
    """Of tests about other examples alone, seeds make far more find what is not there."""
    rng = np.random.default_rng(5)
    with_seeds, without = [], []
    for _ in range(400):
        difficulty = rng.beta(0.5, 0.5, size=200)
        recipes = [runs(3, deviation, difficulty, rng) for _ in range(6)]
        seeds = seed_variance(recipes)
        differences = list(np.mean(recipes[0], axis=0) - np.mean(recipes[1], axis=0))
        error, mean = standard_error(differences), float(np.mean(differences))
        without.append(error.p_value(mean) <= 0.05)
        with_seeds.append(seeds.added_to(error, (3, 3)).p_value(mean) <= 0.05)
    assert np.mean(with_seeds) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert np.mean(without) >= at_least
