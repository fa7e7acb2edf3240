"""How far training again, with another seed, moves a result: a part of every difference."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from peftline.evaluation.statistics.clusters import (
    Clusters,
    StandardError,
    clustered,
    degrees_of_freedom,
    variance_of_mean,
)

Scores = list[list[float]]
"""Of one recipe: for each seed, a score of each example."""

# With fewer, a t-test finds next to nothing (a p-value of 0.001 takes 13 standard errors at 3
# degrees of freedom, 637 at 1) and an estimate of zero means nothing.
ENOUGH_DEGREES = 4
_ROUNDING = 1e-9  # the two variances are equal where one example alone differs


class SeedVariance(NamedTuple):
    """Between runs that differ in their seed alone, pooled over recipes.

    The results of such runs differ by what a seed does to a model, and by the chance of which of
    these examples it then gets right. An analysis of variance by seed and group of examples tells
    the two apart, as for readers and cases in radiology (Obuchowski and Rockette 1995,
    doi:10.1080/03610919508813243): what a seed does to one group and not to the others is chance.
    """

    recipes: int
    """From which it is estimated."""
    observed: float
    """Variance of the results of runs."""
    observed_degrees: int
    chance: float
    """The part of it that more groups of test examples would even out."""
    chance_degrees: float

    @property
    def own(self) -> float:
        """What would remain with ever more groups; 0.0 where chance explains all of it."""
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
            error: over other groups of examples.
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


def seed_variance(recipes: Iterable[Scores], groups: Sequence[str]) -> SeedVariance | None:
    """Variance of results between seeds, from all recipes that ran with several.

    One recipe has too few seeds to tell its own (that of three lies anywhere between 0.03 and 3.7
    times the true one, 95 %), so all are taken to vary alike. A recipe whose scores no seed
    changes, such as one that always refuses, is no part of it.

    Args:
        recipes: their scores.
        groups: of the examples.

    Returns:
        None if no recipe has two seeds that differ, or there are not two groups.
    """
    return _pooled(((scores[np.newaxis], 1) for scores in _varying(recipes)), clustered(groups))


def variance_at_equal_seeds(
    tables: Iterable[Iterable[Scores]], groups: Sequence[str]
) -> SeedVariance | None:
    """The same without what a seed does to all recipes alike: half of a difference's variance.

    The seed orders the rows, and one order is better than another for every recipe.

    Args:
        tables: recipes with equal seeds, in one order.
        groups: of the examples.

    Returns:
        None if no two recipes ran with the same several seeds, or there are not two groups.
    """
    together = (list(_varying(recipes)) for recipes in tables)
    stacks = (np.stack(recipes) for recipes in together if len(recipes) > 1)
    parts = ((scores - scores.mean(axis=0), len(scores) - 1) for scores in stacks)
    return _pooled(parts, clustered(groups))


def varies(recipe: Scores) -> bool:
    """Whether another seed has changed any score."""
    return any(of_seed != recipe[0] for of_seed in recipe)


def _varying(recipes: Iterable[Scores]) -> Iterable[np.ndarray]:
    for recipe in recipes:
        if varies(recipe):
            yield np.asarray(recipe, dtype=float)


def _pooled(parts: Iterable[tuple[np.ndarray, int]], clusters: Clusters) -> SeedVariance | None:
    """From scores by recipe, seed and example, and how many of the recipes are free to vary.

    Without an example's mean over seeds, the sums of groups differ between seeds by n_g times what
    a seed does to all, which CR2's residuals leave out, and by what it does to one group. So the
    CR2 variances of the runs estimate chance: seeds - 1 of them are free for each recipe.
    """
    if len(clusters.sizes) < 2:
        return None
    belongs = np.eye(len(clusters.sizes))[clusters.of_rows]
    observed = chance = 0.0
    count = degrees = 0
    for scores, free in parts:
        recipes, seeds, _ = scores.shape
        of_seed = scores.mean(axis=2)
        observed += float(np.square(of_seed - of_seed.mean(axis=1, keepdims=True)).sum())
        totals = (scores - scores.mean(axis=1, keepdims=True)) @ belongs
        chance += float(variance_of_mean(totals, clusters.sizes).sum())
        count += recipes
        degrees += free * (seeds - 1)
    if not degrees:
        return None
    of_chance = degrees * float(degrees_of_freedom(clusters.sizes))
    return SeedVariance(count, observed / degrees, degrees, chance / degrees, of_chance)
