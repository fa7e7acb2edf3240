"""Recipes and their seeds: what two are compared at, and how far seeds move a difference."""

from collections import defaultdict
from typing import NamedTuple

from peftline.comparison.result import Deviation, Row, SeedSpread
from peftline.evaluation.statistics.clusters import StandardError
from peftline.evaluation.statistics.intervals import means
from peftline.evaluation.statistics.seed_variance import (
    SeedVariance,
    seed_variance,
    variance_at_equal_seeds,
    varies,
)


class Matched(NamedTuple):
    """The scores of two rows on the same examples, at the same seeds where there are any."""

    ours: list[float]
    theirs: list[float]
    seeds: list[int]
    """That both ran with; empty where they share none, then each is the mean over its own."""


class Spread(NamedTuple):
    """How far seeds move what is found."""

    of_results: SeedVariance | None = None
    of_differences: SeedVariance | None = None
    """Half of the variance of the difference of two recipes at equal seeds."""

    def added_to(self, error: StandardError, a: Row, b: Row, shared: list[int]) -> StandardError:
        """The error of a difference between rows, with what other seeds would add.

        The error as it is where that is not known well enough, or nothing.
        """
        runs = [0 if _is_fixed(row) else len(shared or row.seeds) for row in (a, b)]
        known = self.of_results
        # What a seed does to all recipes alike does not cancel against one that it does not move.
        if shared and all(runs) and self.of_differences and self.of_differences.is_known:
            known = self.of_differences
        return known.added_to(error, runs) if known and known.is_known else error

    def told(self) -> SeedSpread | None:
        """For people."""
        if self.of_results is None:
            return None
        return SeedSpread(
            recipes=self.of_results.recipes,
            of_results=_deviation(self.of_results),
            of_differences=self.of_differences and _deviation(self.of_differences, times=2),
        )


def of_rows(rows: list[Row], groups: list[str]) -> Spread:
    """From all recipes that ran with several seeds.

    Args:
        rows: of recipes.
        groups: of the examples that they were scored on.
    """
    repeated = [row for row in rows if row.scores and len(row.seeds) > 1]
    equal = defaultdict(list)
    for row in repeated:
        equal[tuple(row.seeds)].append(row.scores)
    return Spread(
        seed_variance((row.scores for row in repeated), groups),
        variance_at_equal_seeds(equal.values(), groups),
    )


def matched(a: Row, b: Row) -> Matched:
    """A seed that is good to all recipes must not make one of them look better than another."""
    shared = [seed for seed in a.seeds if seed in b.seeds]
    if not shared:
        return Matched(a.values, b.values, [])
    return Matched(_at(a, shared), _at(b, shared), shared)


def _at(row: Row, seeds: list[int]) -> list[float]:
    return means([row.scores[row.seeds.index(seed)] for seed in seeds])


def _is_fixed(row: Row) -> bool:
    """Whether no seed changes its scores: nothing was trained, or several seeds made no change."""
    return not row.seeds or (len(row.seeds) > 1 and not varies(row.scores))


def _deviation(variance: SeedVariance, times: int = 1) -> Deviation:
    return Deviation(
        observed=(times * variance.observed) ** 0.5,
        own=(times * variance.own) ** 0.5,
        degrees_of_freedom=variance.observed_degrees,
        is_known=variance.is_known,
    )
