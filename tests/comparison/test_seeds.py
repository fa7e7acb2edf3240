from math import sqrt

import pytest

from peftline.comparison import pairs, seeds
from peftline.comparison.result import Metric, Row
from peftline.comparison.seeds import Spread
from peftline.evaluation.statistics.seed_variance import SeedVariance
from peftline.evaluation.statistics.significance import paired_test

GOOD, HALF, BAD = [1.0] * 36 + [0.0] * 4, [1.0, 0.0] * 20, [0.0] * 40
ALONE = [str(at) for at in range(40)]
WIDE = SeedVariance(recipes=2, observed=0.05, observed_degrees=4, chance=0.01, chance_degrees=300)
NARROW = WIDE._replace(observed=0.0101)


def row(name, by_seed):
    """A recipe with these scores for each seed."""
    scores = list(by_seed.values())
    return Row(name=name, kind="recipe", metric=None, seeds=list(by_seed), scores=scores)


def base(name, values):
    return Row(name=name, kind="base", metric=None, scores=[values])


def pair(a, b, *known):
    return pairs.compare_all([a, b], ALONE, Spread(*known))[0]


def width(found):
    return found.difference.high - found.difference.low


ONE, OTHER = row("one", {1: GOOD}), row("other", {1: HALF})


def test_recipes_are_compared_at_the_seeds_that_both_have():
    """Seed 2 is a bad one: it must not count against the recipe that ran with it."""
    found = seeds.matched(row("both", {1: GOOD, 2: BAD, 3: HALF}), row("two", {3: HALF, 1: HALF}))
    assert found.seeds == [1, 3]
    assert found.ours == [(a + b) / 2 for a, b in zip(GOOD, HALF, strict=True)]
    assert found.theirs == HALF
    assert pair(row("both", {1: GOOD, 2: BAD}), OTHER).difference == pair(ONE, OTHER).difference


def test_without_a_common_seed_each_is_the_mean_over_its_own():
    found = seeds.matched(row("a", {1: GOOD, 2: HALF}), row("b", {3: HALF}))
    assert found.seeds == []
    assert found.ours[:2] == [1.0, 0.5] and found.theirs == HALF


def test_a_difference_must_hold_for_other_seeds_too():
    """Between one seed each, a spread of 20 points leaves nothing of a difference of 40."""
    alone, found = pair(ONE, OTHER), pair(ONE, OTHER, WIDE)
    assert alone.p_value < 0.001 and found.p_value > pairs.SIGNIFICANT
    assert found.difference.value == alone.difference.value
    assert found.difference.low < 0 < alone.difference.low
    assert found.minimum_detectable_difference > 2 * alone.minimum_detectable_difference


def test_at_equal_seeds_what_they_do_to_all_recipes_alike_does_not_count():
    apart = row("apart", {2: HALF})
    assert pair(ONE, OTHER, WIDE, NARROW).p_value < pairs.SIGNIFICANT
    assert pair(ONE, apart, WIDE, NARROW).p_value > pairs.SIGNIFICANT
    too_few = NARROW._replace(observed_degrees=3)
    assert pair(ONE, OTHER, WIDE, too_few) == pair(ONE, OTHER, WIDE)


def test_what_was_not_trained_has_no_seeds():
    to_recipe, to_base = pair(ONE, OTHER, WIDE), pair(ONE, base("base", HALF), WIDE, NARROW)
    assert width(to_base) == pytest.approx(width(to_recipe) / sqrt(2), rel=0.1)
    untrained = pair(base("a", HALF), base("b", BAD), WIDE)
    assert untrained.difference == Metric(**paired_test(HALF, BAD, ALONE).difference)


def test_a_recipe_that_no_seed_changes_is_like_one_that_was_not_trained():
    """What a seed does to all recipes alike does not cancel against it."""
    moving, still = row("moving", {1: GOOD, 2: HALF}), row("still", {1: BAD, 2: BAD})
    found, untrained = pair(moving, still, WIDE, NARROW), pair(moving, base("b", BAD), WIDE)
    assert width(found) == pytest.approx(width(untrained))


def test_of_two_p_values_the_larger_counts():
    """Four of four: 0.125 by the exact test, far less by a t-test of 40 examples."""
    four = row("four", {1: [1.0] * 4 + [0.0] * 36})
    assert pair(four, row("none", {1: BAD}), NARROW._replace(observed=0.010001)).p_value == 0.125


@pytest.mark.parametrize("known", [{"chance": 0.05}, {"observed_degrees": 3}])
def test_where_seeds_add_nothing_or_are_too_few_the_exact_test_stands(known):
    assert pair(ONE, OTHER, WIDE._replace(**known)) == pair(ONE, OTHER)


def test_recipes_that_answer_alike_have_an_interval_and_nothing_to_detect():
    """As two that learnt nothing: no spread over examples, and hardly any over seeds."""
    twins = pair(row("a", {1: BAD}), row("b", {1: BAD}), NARROW)
    assert twins.minimum_detectable_difference is None
    assert -0.1 < twins.difference.low < 0 < twins.difference.high < 0.1


def test_the_spread_is_that_of_recipes_with_several_seeds():
    several = [row("a", {1: GOOD, 2: HALF}), row("b", {1: HALF, 2: GOOD}), ONE]
    found = seeds.of_rows(several, ALONE).told()
    assert (found.recipes, found.of_results.degrees_of_freedom) == (2, 2)
    assert found.of_results.observed == pytest.approx(0.4 / sqrt(2))
    assert found.of_differences.observed == pytest.approx(0.8 / sqrt(2))  # 0.4 and -0.4
    assert found.of_differences.degrees_of_freedom == 1
    assert not found.of_results.is_known
    assert seeds.of_rows([ONE, OTHER], ALONE).told() is None


def test_recipes_with_other_seeds_say_nothing_of_differences_at_equal_ones():
    apart = [row("a", {1: GOOD, 2: HALF}), row("b", {3: GOOD, 4: HALF})]
    found = seeds.of_rows(apart, ALONE)
    assert found.of_results.recipes == 2 and found.of_differences is None


def test_a_recipe_that_no_seed_changes_is_not_counted():
    still = row("still", {1: BAD, 2: BAD})
    assert seeds.of_rows([row("a", {1: GOOD, 2: HALF}), still], ALONE).told().recipes == 1
