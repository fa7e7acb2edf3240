"""How far results reach: over other examples, over other seeds."""

import math
from statistics import fmean

from peftline.comparison import words
from peftline.comparison.result import Comparison, Deviation, Row


def sentence(recipes: list[Row], found: Comparison) -> str:
    """What intervals and tests are about, and how far seeds move the results."""
    fewest, most = min(len(r.seeds) for r in recipes), max(len(r.seeds) for r in recipes)
    if most == 1:
        return (
            "One seed each: intervals and tests are about other test examples, not about "
            "training again, which may change the order too."
        )
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    told = (
        f"{count} seeds each, averaged by example: a row's interval is about other test examples; "
        "two recipes are compared at the seeds that both have."
    )
    told += _at_the_common_seed(recipes, found)
    spread = found.seed_spread
    if spread is None:
        return f"{told} The value of each seed stands beside its row."
    several = "1 recipe" if spread.recipes == 1 else f"{spread.recipes} recipes"
    told += (
        f" Another seed moves a result by {_moved(spread.of_results, found)}, standard deviation, "
        f"from {several}"
    )
    if not spread.of_results.is_known:
        return f"{told}: too few runs to count it, so tests are about other test examples alone."
    if spread.of_differences and spread.of_differences.is_known:
        between = _moved(spread.of_differences, found)
        told += f", and the difference between two recipes at the same seed by {between}"
    return f"{told}. The seed's own part counts in all tests, also of recipes with one seed."


def _at_the_common_seed(recipes: list[Row], found: Comparison) -> str:
    """How those with several seeds do at the seed of the others, if these have one alone."""
    single = {row.seeds[0] for row in recipes if len(row.seeds) == 1}
    several = [row for row in recipes if len(row.seeds) > 1 and single <= {*row.seeds}]
    if len(single) != 1 or not several:
        return ""
    (seed,) = single
    at_it = fmean(row.seed_values[row.seeds.index(seed)] for row in several)
    over_all = fmean(fmean(row.seed_values) for row in several)
    if math.isclose(at_it, over_all):
        return ""
    apart = at_it - over_all
    better = "better" if (apart > 0) == found.higher_is_better else "worse"
    return (
        f" Recipes with one seed have seed {seed}, at which those with several are "
        f"{words.points(abs(apart), found.is_share)} {better} than in their mean: the order of the "
        "rows does not make up for that, the tests do."
    )


def _moved(deviation: Deviation, found: Comparison) -> str:
    observed, own = (
        words.points(part, found.is_share) for part in (deviation.observed, deviation.own)
    )
    return f"{observed} (the seed itself {own}, the rest is chance of so few test examples)"
