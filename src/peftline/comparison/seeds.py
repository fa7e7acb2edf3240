"""Recipes and their seeds: what two are compared at, and how far seeds move a difference."""

from collections import defaultdict
from typing import NamedTuple

from peftline.comparison.result import Deviation, Row, SeedSpread
from peftline.evaluation.seed_variance import (
    SeedVariance,
    seed_variance,
    variance_at_equal_seeds,
)
from peftline.evaluation.statistics import StandardError, means


class Matched(NamedTuple):
    """The scores of two rows on the same examples, at the same seeds where there are any."""

    ours: list[float]
    theirs: list[float]
    seeds: list[int]
    """That both ran with; empty where they share none, then each is the mean over its own."""


class Seeds(NamedTuple):
    """How far seeds move what is found."""

    recipes: int = 0
    """With several seeds."""
    of_results: SeedVariance | None = None
    of_differences: SeedVariance | None = None
    """At equal seeds."""

    def added_to(self, error: StandardError, a: Row, b: Row, shared: list[int]) -> StandardError:
        """The error of a difference between rows, with what other seeds would add.

        The error as it is where that is not known well enough, or nothing.
        """
        runs = len(a.seeds), len(b.seeds)
        known = self.of_results
        if shared:
            runs = len(shared), len(shared)
            if self.of_differences and self.of_differences.is_known:
                known = self.of_differences
        return known.added_to(error, runs) if known and known.is_known else error

    def spread(self) -> SeedSpread | None:
        """For people."""
        if self.of_results is None:
            return None
        return SeedSpread(
            recipes=self.recipes,
            of_results=_deviation(self.of_results),
            of_differences=self.of_differences and _deviation(self.of_differences),
        )


def of_rows(rows: list[Row]) -> Seeds:
    """From all recipes that ran with several seeds."""
    repeated = [row for row in rows if row.scores and len(row.seeds) > 1]
    equal = defaultdict(list)
    for row in repeated:
        equal[tuple(row.seeds)].append(row.scores)
    return Seeds(
        len(repeated),
        seed_variance(row.scores for row in repeated),
        variance_at_equal_seeds(equal.values()),
    )


def matched(a: Row, b: Row) -> Matched:
    """A seed that is good to all recipes must not make one of them look better than another."""
    shared = [seed for seed in a.seeds if seed in b.seeds]
    if not shared:
        return Matched(a.values, b.values, [])
    return Matched(_at(a, shared), _at(b, shared), shared)


def _at(row: Row, seeds: list[int]) -> list[float]:
    return means([row.scores[row.seeds.index(seed)] for seed in seeds])


def _deviation(variance: SeedVariance) -> Deviation:
    return Deviation(
        observed=variance.observed**0.5,
        own=variance.own**0.5,
        degrees_of_freedom=variance.observed_degrees,
        is_known=variance.is_known,
    )
