"""How far training again, with another seed, moves a result: a part of every difference."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import stats

from peftline.evaluation.statistics import CONFIDENCE, Metric, metric


class StandardError(NamedTuple):
    """Of a mean difference, with the degrees of freedom that its estimate has."""

    value: float
    degrees: float

    def p_value(self, difference: float) -> float:
        """Two-sided p-value of the t-test; 1.0 where nothing varies and nothing differs."""
        if not self.value:
            return float(difference == 0)
        return float(2 * stats.t.sf(abs(difference) / self.value, self.degrees))

    def interval(self, difference: float, examples: int) -> Metric:
        """The difference with its interval by the t-distribution."""
        reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, self.degrees)) * self.value
        return metric(difference, difference - reach, difference + reach, examples)


class SeedVariance(NamedTuple):
    """Between runs that differ in their seed alone, pooled over recipes.

    The results of such runs differ by what a seed does to a model, and by the chance of which
    examples it then gets right, which more examples would even out. An analysis of variance by
    seed and example tells the two apart, as for readers and cases in radiology (Obuchowski and
    Rockette 1995, doi:10.1080/03610919508813243).
    """

    observed: float
    """Variance of the results of runs."""
    observed_degrees: int
    chance: float
    """The part of it that the choice of examples makes."""
    chance_degrees: int

    @property
    def value(self) -> float:
        """What is left: of the seed itself; 0.0 where chance explains all of it."""
        return max(0.0, self.observed - self.chance)

    @property
    def deviation(self) -> float:
        """Its root, in the unit of the metric."""
        return self.value**0.5

    def added_to(self, error: StandardError, runs: Iterable[int]) -> StandardError:
        """The error of a difference that is to hold for other seeds too.

        Degrees of freedom by Satterthwaite (1946, doi:10.2307/3002019).

        Args:
            error: about other examples.
            runs: how many seeds stand behind each of the two; none for what was not trained.
        """
        if not self.value:
            return error
        share = sum(1 / count for count in runs if count)
        variance = error.value**2 + share * self.value
        parts = (
            (error.value**2, error.degrees),
            (share * self.observed, self.observed_degrees),
            (share * self.chance, self.chance_degrees),
        )
        uncertain = sum(part**2 / degrees for part, degrees in parts)
        return StandardError(variance**0.5, variance**2 / uncertain if uncertain else error.degrees)


def standard_error(differences: list[float]) -> StandardError:
    """Of the mean over other examples; 0.0 for fewer than two."""
    count = len(differences)
    if count < 2:
        return StandardError(0.0, 1.0)
    return StandardError(float(np.std(differences, ddof=1)) / count**0.5, count - 1.0)


def seed_variance(recipes: Iterable[list[list[float]]]) -> SeedVariance | None:
    """Variance between seeds, from all recipes that ran with several.

    One recipe has too few seeds to tell its own (that of three lies anywhere between 0.03 and 3.7
    times the true one, 95 %), so all are taken to vary alike.

    Args:
        recipes: for each, a list of scores of the same examples for each seed.

    Returns:
        None if no recipe has two seeds, or there are not two examples.
    """
    between = chance = 0.0
    between_degrees = chance_degrees = examples = 0
    for recipe in recipes:
        if len(recipe) < 2 or len(recipe[0]) < 2:
            continue
        scores = np.asarray(recipe, dtype=float)
        seeds, examples = scores.shape
        of_seed, of_example = scores.mean(axis=1, keepdims=True), scores.mean(axis=0, keepdims=True)
        between += examples * float(((of_seed - scores.mean()) ** 2).sum())
        chance += float(((scores - of_seed - of_example + scores.mean()) ** 2).sum())
        between_degrees += seeds - 1
        chance_degrees += (seeds - 1) * (examples - 1)
    if not between_degrees:
        return None
    return SeedVariance(
        observed=between / between_degrees / examples,
        observed_degrees=between_degrees,
        chance=chance / chance_degrees / examples,
        chance_degrees=chance_degrees,
    )
