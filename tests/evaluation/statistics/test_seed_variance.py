import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from peftline.evaluation.statistics import seed_variance as by_groups
from peftline.evaluation.statistics.clusters import StandardError, standard_error
from peftline.evaluation.statistics.seed_variance import SeedVariance

EXAMPLES = 40
DIFFICULTY = np.random.default_rng(1).beta(0.5, 0.5, size=EXAMPLES)


def alone(recipes):
    """Every example a group of its own."""
    return [str(at) for at in range(len(recipes[0][0]) if recipes else 0)]


def seed_variance(recipes, groups=None):
    return by_groups.seed_variance(recipes, groups or alone(recipes))


def variance_at_equal_seeds(tables, groups=None):
    return by_groups.variance_at_equal_seeds(tables, groups or alone(tables[0]))


def runs(seeds, deviation=0.1, rng=3, difficulty=DIFFICULTY):
    """Hits and misses of one recipe: examples differ in difficulty, seeds in how good they are."""
    rng = np.random.default_rng(rng)
    chances = np.clip(difficulty + rng.normal(0, deviation, size=(seeds, 1)), 0, 1)
    return (rng.random((seeds, difficulty.shape[-1])) < chances).astype(float).tolist()


def test_variances_are_those_of_an_analysis_of_variance_by_seed_and_example():
    scores = runs(3)
    long = pd.DataFrame(
        [(s, e, value) for s, row in enumerate(scores) for e, value in enumerate(row)],
        columns=["seed", "example", "score"],
    )
    told = anova_lm(ols("score ~ C(seed) + C(example)", long).fit())
    found = seed_variance([scores])
    assert found.observed == pytest.approx(told["mean_sq"]["C(seed)"] / EXAMPLES)
    assert found.chance == pytest.approx(told["mean_sq"]["Residual"] / EXAMPLES)
    degrees = told["df"]["C(seed)"], told["df"]["Residual"]
    assert (found.observed_degrees, found.chance_degrees) == pytest.approx(degrees)


def test_the_observed_variance_is_that_of_the_results_of_runs():
    scores = runs(4)
    results = np.mean(scores, axis=1)
    assert seed_variance([scores]).observed == pytest.approx(np.var(results, ddof=1))


def test_recipes_are_pooled_by_their_seeds_whatever_their_level():
    three, two = runs(3), runs(2, rng=4)
    better = (np.asarray(two) + 5).tolist()
    a, b = (seed_variance([scores]) for scores in (three, two))
    pooled = seed_variance([three, better, runs(1, rng=5)])
    assert pooled.observed == pytest.approx((2 * a.observed + b.observed) / 3)
    assert pooled.chance == pytest.approx((2 * a.chance + b.chance) / 3)
    assert (pooled.recipes, pooled.observed_degrees) == (2, 3)
    assert pooled.chance_degrees == pytest.approx(3 * 39)


def test_a_recipe_that_no_seed_changes_tells_nothing():
    """Many collapsed recipes would else make the others look like certain ones."""
    refusing = [[1.0, 0.0] * 20] * 3
    assert seed_variance([runs(3), refusing]) == seed_variance([runs(3)])
    assert seed_variance([refusing]) is None


def test_without_a_second_seed_or_example_nothing_is_known():
    assert seed_variance([]) is None
    assert seed_variance([runs(1), runs(1, rng=4)]) is None
    assert seed_variance([[[1.0], [0.0]]]) is None


def test_what_a_seed_does_to_all_recipes_alike_is_no_part_of_their_differences():
    """Two recipes whose answers a seed changes in the same way: nothing is left but nothing."""
    three = runs(3)
    better = (np.asarray(three) + 5).tolist()
    assert seed_variance([three, better]).observed > 0
    assert variance_at_equal_seeds([[three, better]]).observed == pytest.approx(0, abs=1e-20)


def test_variances_of_differences_are_those_of_an_analysis_by_recipe_seed_and_example():
    difficulty = DIFFICULTY[:8]
    recipes = [runs(3, 0.3, rng, difficulty) for rng in range(4)]
    long = pd.DataFrame(
        [(r, s, e, value) for (r, s, e), value in np.ndenumerate(np.asarray(recipes))],
        columns=["recipe", "seed", "example", "score"],
    )
    formula = "score ~ (C(recipe) + C(seed) + C(example)) ** 2"
    told = anova_lm(ols(formula, long).fit())
    found = variance_at_equal_seeds([recipes])
    assert found.observed == pytest.approx(told["mean_sq"]["C(recipe):C(seed)"] / 8)
    assert found.chance == pytest.approx(told["mean_sq"]["Residual"] / 8)
    degrees = told["df"]["C(recipe):C(seed)"], told["df"]["Residual"]
    assert (found.observed_degrees, found.chance_degrees) == pytest.approx(degrees)


def test_recipes_with_other_seeds_are_taken_together_by_themselves():
    three, two = [runs(3), runs(3, rng=4)], [runs(2, rng=5), runs(2, rng=6)]
    a, b, both = (variance_at_equal_seeds(of) for of in ([three], [two], [three, two]))
    assert both.observed == pytest.approx((2 * a.observed + b.observed) / 3)
    assert variance_at_equal_seeds([[runs(3)], [runs(2)]]) is None


def test_of_groups_of_one_size_it_is_the_analysis_of_variance_of_their_means():
    scores = np.asarray(runs(3))
    groups = [str(at // 4) for at in range(EXAMPLES)]
    means = scores.reshape(3, 10, 4).mean(axis=2).tolist()
    found, expected = seed_variance([scores.tolist()], groups), seed_variance([means])
    assert found.observed == pytest.approx(expected.observed)
    assert found.chance == pytest.approx(expected.chance)
    assert found.chance_degrees == pytest.approx(expected.chance_degrees) == 2 * 9


@pytest.mark.parametrize(("of_groups", "slack"), [(0.0, 0.0), (1.0, 0.04)])
def test_the_estimate_of_chance_is_unbiased(of_groups, slack):
    """Seeds move rows, and whole groups of unequal size: both are chance, of these groups.

    Where rows alone move it is unbiased; where groups do, as nearly as CR2 is: 1 to 4 % off.
    """
    rng, sizes = np.random.default_rng(12), np.resize([1, 1, 2, 3, 5, 8], 30)
    groups = [str(at) for at in np.repeat(np.arange(30), sizes)]
    variances = sizes + of_groups * sizes**2
    found = []
    for _ in range(1500):
        move = rng.normal(0, of_groups**0.5, size=(3, 30)).repeat(sizes, axis=1)
        scores = rng.normal(size=(3, 1)) + move + rng.normal(size=(3, sizes.sum()))
        found.append(seed_variance([scores.tolist()], groups).chance)
    ratio = np.array(found) / (variances.sum() / sizes.sum() ** 2)
    assert abs(ratio.mean() - 1) <= 3 * ratio.std() / 1500**0.5 + slack


def test_what_a_seed_does_to_a_whole_group_is_chance_and_by_rows_its_own():
    rng, groups = np.random.default_rng(13), [str(at // 8) for at in range(160)]
    recipes = [rng.normal(size=(3, 20)).repeat(8, axis=1).tolist() for _ in range(12)]
    by_group, by_row = seed_variance(recipes, groups), seed_variance(recipes)
    assert by_group.chance == pytest.approx(1 / 20, rel=0.2)  # the variance of 20 means
    assert by_row.chance == pytest.approx(by_group.chance * 19 / 159)
    assert by_group.own == 0 < by_row.own


SEEDS = SeedVariance(
    recipes=8, observed=5e-4, observed_degrees=16, chance=1e-4, chance_degrees=3000
)


def test_it_is_known_from_four_degrees_of_freedom_on():
    assert SEEDS._replace(observed_degrees=4).is_known
    assert not SEEDS._replace(observed_degrees=3).is_known


def test_seeds_that_differ_no_more_than_chance_have_no_variance_of_their_own():
    found = seed_variance([[[1.0, 0.0] * 20, [0.0, 1.0] * 20]])
    assert found.own == 0.0 and found.chance > found.observed


def test_one_example_that_differs_is_chance():
    assert seed_variance([[[1.0] * 36 + [0.0] * 4, [1.0] * 35 + [0.0] * 5]]).own == 0.0


def test_the_part_of_the_seeds_is_added_for_each_side_that_was_trained():
    error = StandardError(0.03, 199)
    both, one = SEEDS.added_to(error, (3, 1)), SEEDS.added_to(error, (3, 0))
    assert both.value**2 == pytest.approx(0.03**2 + (1 / 3 + 1) * 4e-4)
    assert one.value**2 == pytest.approx(0.03**2 + 4e-4 / 3)
    assert 16 < both.degrees < one.degrees < 199 + 16


def test_where_seeds_are_all_there_is_their_degrees_of_freedom_count():
    alone = SEEDS._replace(chance=0.0)
    assert alone.added_to(StandardError(0.0, 39), (3, 3)).degrees == pytest.approx(16)


def test_taking_chance_off_does_not_take_the_degrees_of_freedom():
    """Satterthwaite's would be 2e-5 here, and the interval would have no end."""
    hardly = SEEDS._replace(chance=0.9999 * SEEDS.observed)
    assert hardly.added_to(StandardError(1e-9, 39), (3, 3)).degrees == 16


@pytest.mark.parametrize(("recipes", "seeds"), [(6, 3), (2, 3), (5, 2)])
@pytest.mark.parametrize("deviation", [0.0, 0.05])
def test_equal_recipes_are_told_apart_once_in_twenty_at_most(recipes, seeds, deviation):
    assert found_different(recipes, seeds, deviation) <= AT_MOST


def test_it_is_no_less_often_than_once_in_twenty_where_seeds_are_many():
    """And of tests about other examples alone, it is once in three."""
    assert found_different(12, 4, 0.05) > 0.025
    assert found_different(12, 4, 0.05, estimate=None) > 0.25


def test_at_equal_seeds_recipes_are_told_apart_as_often_whatever_seeds_do_to_all_alike():
    at_equal = {"estimate": lambda tables: variance_at_equal_seeds([tables])}
    assert 0.02 < found_different(6, 3, 0.03, common=0.08, **at_equal) <= AT_MOST
    assert found_different(6, 3, 0.0, ahead=0.1, common=0.08, **at_equal) > 0.8
    assert found_different(6, 3, 0.0, ahead=0.1, common=0.08) < 0.6  # by results alone


def test_a_real_difference_is_found():
    assert found_different(6, 3, 0.02, ahead=0.15) > 0.8


@pytest.mark.parametrize("degrees", [1.0, 4.7, 199.0])
@pytest.mark.parametrize("difference", [-0.4, 0.19, 0.2, 1.3])
def test_the_interval_leaves_out_zero_where_the_test_finds_a_difference(degrees, difference):
    """So it covers the truth as often as equal recipes are not told apart."""
    error = StandardError(0.1, degrees)
    low, high = error.around(difference)
    is_outside = low > 0 or high < 0
    assert is_outside == (error.p_value(difference) < 0.05)


AT_MOST = 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def found_different(recipes, seeds, deviation, ahead=0.0, common=0.0, estimate=seed_variance):
    """In how many of 400 simulated tables the first and the last recipe differ at 5 %.

    `common` is the deviation of what a seed does to all recipes alike.
    """
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(400):
        difficulty = rng.beta(0.5, 0.5, size=200) + rng.normal(0, common, size=(seeds, 1))
        tables = [runs(seeds, deviation, rng, difficulty) for _ in range(recipes - 1)]
        tables.append(runs(seeds, deviation, rng, difficulty + ahead))
        differences = np.mean(tables[-1], axis=0) - np.mean(tables[0], axis=0)
        error = standard_error(differences, [str(at) for at in range(200)])
        if estimate:
            error = estimate(tables).added_to(error, (seeds, seeds))
        found += error.p_value(differences.mean()) <= 0.05
    return found / 400
