"""How far training again, with another seed, moves a result: a part of every difference."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from peftline.evaluation.statistics.intervals import StandardError

Scores = list[list[float]]
"""Of one recipe: for each seed, a score of each example."""

# With fewer, a t-test finds next to nothing (a p-value of 0.001 takes 13 standard errors at 3
# degrees of freedom, 637 at 1) and an estimate of zero means nothing.
ENOUGH_DEGREES = 4
_ROUNDING = 1e-9  # the two variances are equal where one example alone differs


class SeedVariance(NamedTuple):
    """Between runs that differ in their seed alone, pooled over recipes.

    The results of such runs differ by what a seed does to a model, and by the chance of which of
    these examples it then gets right. An analysis of variance by seed and example tells the two
    apart, as for readers and cases in radiology (Obuchowski and Rockette 1995,
    doi:10.1080/03610919508813243).
    """

    recipes: int
    """From which it is estimated."""
    observed: float
    """Variance of the results of runs."""
    observed_degrees: int
    chance: float
    """The part of it that more test examples would even out."""
    chance_degrees: int

    @property
    def own(self) -> float:
        """What would remain with ever more examples; 0.0 where chance explains all of it."""
        left = self.observed - self.chance
        return left if left > _ROUNDING * self.observed else 0.0

    @property
    def is_known(self) -> bool:
        """Well enough to be a part of tests."""
        return self.observed_degrees >= ENOUGH_DEGREES

    def added_to(self, error: StandardError, runs: Iterable[int]) -> StandardError:
        """The error of a difference that is to hold for other seeds too.

        Degrees of freedom by Satterthwaite (1946, doi:10.2307/3002019), but no fewer than the fewer
        of both estimates have: taking chance off makes them fall without end.

        Args:
            error: about other examples.
            runs: how many seeds stand behind each of the two; none for what was not trained.
        """
        share = sum(1 / count for count in runs if count)
        if not share or not self.own:
            return error
        variance = error.value**2 + share * self.own
        parts = (
            (error.value**2, error.degrees),
            (share * self.observed, self.observed_degrees),
            (share * self.chance, self.chance_degrees),
        )
        degrees = variance**2 / sum(part**2 / known for part, known in parts)
        fewest = min(error.degrees, self.observed_degrees)
        return StandardError(variance**0.5, max(degrees, fewest))


def seed_variance(recipes: Iterable[Scores]) -> SeedVariance | None:
    """Variance of results between seeds, from all recipes that ran with several.

    One recipe has too few seeds to tell its own (that of three lies anywhere between 0.03 and 3.7
    times the true one, 95 %), so all are taken to vary alike. A recipe whose scores no seed
    changes, such as one that always refuses, is no part of it.

    Returns:
        None if no recipe has two seeds that differ, or there are not two examples.
    """
    return _pooled((scores[np.newaxis], 1) for scores in _varying(recipes))


def variance_at_equal_seeds(groups: Iterable[Iterable[Scores]]) -> SeedVariance | None:
    """The same without what a seed does to all recipes alike: half of a difference's variance.

    The seed orders the rows, and one order is better than another for every recipe.

    Args:
        groups: recipes with equal seeds, in one order.

    Returns:
        None if no two recipes ran with the same several seeds.
    """
    together = (list(_varying(recipes)) for recipes in groups)
    stacks = [np.stack(recipes) for recipes in together if len(recipes) > 1]
    return _pooled((scores - scores.mean(axis=0), len(scores) - 1) for scores in stacks)


def varies(recipe: Scores) -> bool:
    """Whether another seed has changed any score."""
    return any(of_seed != recipe[0] for of_seed in recipe)


def _varying(recipes: Iterable[Scores]) -> Iterable[np.ndarray]:
    for recipe in recipes:
        if varies(recipe) and len(recipe[0]) > 1:
            yield np.asarray(recipe, dtype=float)


def _pooled(parts: Iterable[tuple[np.ndarray, int]]) -> SeedVariance | None:
    """From scores by recipe, seed and example, and how many of the recipes are free to vary."""
    observed = chance = 0.0
    count = degrees = chance_degrees = 0
    for scores, free in parts:
        recipes, seeds, examples = scores.shape
        level = scores.mean(axis=(1, 2), keepdims=True)
        of_seed = scores.mean(axis=2, keepdims=True)
        residual = scores - scores.mean(axis=1, keepdims=True) - of_seed + level
        observed += float(((of_seed - level) ** 2).sum())
        chance += float((residual**2).sum()) / (examples - 1) / examples
        count += recipes
        degrees += free * (seeds - 1)
        chance_degrees += free * (seeds - 1) * (examples - 1)
    if not degrees:
        return None
    return SeedVariance(count, observed / degrees, degrees, chance / degrees, chance_degrees)
