"""Do intervals cover, and tests keep their level, where test rows lie in groups? Simulated.

    python benchmarks/coverage.py [--quick] [--only shares|tests]

Every cell simulates whole test splits (4,000; 400 with `--quick`) of 20, 50 or 200 groups: `equal`
ones of 4 rows, `unequal` ones of 2 to 6, and `skewed` ones of 1 to 16 as in a small set of tools,
in which few groups have most rows.

Shares: the chance of a hit in a group is drawn from a beta distribution with the mean p, such that
the hits of two of its rows correlate by r. Tests: two recipes with the same p. A row takes its
group's outcome with probability sqrt(r), else one of its own, so differences of two rows of a group
correlate by r too; outcomes of both recipes are the same draw in half of the cases.

Stated limits, exit code 1 if one is not kept:

- intervals cover 93 to 97 % where groups amount to 15 equal ones at least and p is 0.2 to 0.8;
- equal recipes are told apart in at most 5 % + 3 standard errors, in every cell;
- the two tests together find a difference at least 0.9 times as often as the CR2 t-test alone.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import stats

from peftline.evaluation.statistics import sign_flips
from peftline.evaluation.statistics.clusters import (
    StandardError,
    degrees_of_freedom,
    effective_groups,
    variance_of_mean,
)
from peftline.evaluation.statistics.intervals import wilson
from peftline.evaluation.statistics.power import minimum_detectable_difference

GROUPS = (20, 50, 200)
PATTERNS = {
    "equal": (4,),
    "unequal": (2, 3, 4, 5, 6),
    "skewed": (1, 1, 1, 2, 2, 3, 4, 5, 8, 16),
}
CORRELATIONS = (0.0, 0.1, 0.3, 0.5)
SHARES = (0.1, 0.2, 0.5, 0.8, 0.9)
LEVEL = 0.05
IN_COMMON = 0.5  # of the outcomes of two recipes
COVERAGE, ENOUGH, INNER = (0.93, 0.97), 15, (0.2, 0.8)


class Cell(NamedTuple):
    """What is simulated."""

    groups: int
    pattern: str
    correlation: float
    share: float

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each group."""
        return np.resize(PATTERNS[self.pattern], self.groups)

    @property
    def within_limits(self) -> bool:
        """Whether intervals are stated to cover."""
        low, high = INNER
        return effective_groups(self.sizes) >= ENOUGH and low <= self.share <= high


def cells() -> Iterator[Cell]:
    """All of them."""
    return (Cell(*one) for one in product(GROUPS, PATTERNS, CORRELATIONS, SHARES))


def coverage(cell: Cell, draws: int) -> tuple[float, float]:
    """How often the interval by groups has the true share in it, and that by rows."""
    rng, sizes = np.random.default_rng(1), cell.sizes
    chances = np.full((draws, cell.groups), cell.share)
    if cell.correlation:
        both = 1 / cell.correlation - 1
        chances = rng.beta(cell.share * both, (1 - cell.share) * both, size=chances.shape)
    hits = rng.binomial(sizes, chances).astype(float)
    low, high, _ = wilson(hits, sizes)
    rows = int(sizes.sum())
    low_of_rows, high_of_rows, _ = wilson_of_rows(hits.sum(axis=1), rows)
    return (
        float(np.mean((low <= cell.share) & (cell.share <= high))),
        float(np.mean((low_of_rows <= cell.share) & (cell.share <= high_of_rows))),
    )


def wilson_of_rows(hits: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As if no two rows belonged together."""
    from statsmodels.stats.proportion import proportion_confint

    return *proportion_confint(hits, rows, method="wilson"), np.ones(len(hits))


class Found(NamedTuple):
    """Share of draws in which a test finds a difference at 5 %."""

    both: float
    t: float
    flips: float
    mcnemar: float


def tested(cell: Cell, ahead: float, draws: int) -> Found:
    """How often two recipes are told apart of which one has `ahead` more than the other."""
    rng, sizes = np.random.default_rng(2), cell.sizes
    of_rows = np.repeat(np.arange(cell.groups), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chances = (cell.share + ahead / 2, cell.share - ahead / 2)
    together = rng.random((draws, len(of_rows))) < cell.correlation**0.5
    of_groups = outcomes(rng, (draws, cell.groups), chances)
    of_own = outcomes(rng, together.shape, chances)
    ours, theirs = (
        np.where(together, group[:, of_rows], own)
        for group, own in zip(of_groups, of_own, strict=True)
    )
    differences = ours.astype(int) - theirs
    totals = np.add.reduceat(differences, starts, axis=1)
    error = np.sqrt(variance_of_mean(totals.astype(float), sizes))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(totals.sum(axis=1) / sizes.sum()) / error
    p_t = 2 * stats.t.sf(np.nan_to_num(t, nan=0.0), degrees_of_freedom(sizes))
    p_flips = np.array([sign_flips.exact(one) for one in totals])
    better, worse = (differences > 0).sum(axis=1), (differences < 0).sum(axis=1)
    tail = 2 * stats.binom.cdf(np.minimum(better, worse), better + worse, 0.5)
    found = [np.maximum(p_t, p_flips), p_t, p_flips, np.minimum(1.0, tail)]
    return Found(*(float(np.mean(p < LEVEL)) for p in found))


def outcomes(
    rng: np.random.Generator, shape: tuple[int, int], chances: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Hits and misses of two recipes, of which a part comes from the same draw."""
    first = rng.random(shape)
    second = np.where(rng.random(shape) < IN_COMMON, first, rng.random(shape))
    return first < chances[0], second < chances[1]


def difference_for(cell: Cell) -> float:
    """The one that reports would call detectable (4 times in 5); as much as there is room for."""
    sizes, wanted = cell.sizes, 0.0
    effect = 1 + (np.square(sizes).sum() / sizes.sum() - 1) * cell.correlation
    degrees = float(degrees_of_freedom(sizes))
    for _ in range(20):  # the variance depends on the difference
        better, worse = cell.share + wanted / 2, cell.share - wanted / 2
        discordant = better * (1 - worse) + worse * (1 - better)
        square = IN_COMMON * wanted + (1 - IN_COMMON) * discordant
        error = StandardError(((square - wanted**2) * effect / sizes.sum()) ** 0.5, degrees)
        most = 1.9 * min(cell.share, 1 - cell.share)
        wanted = min(minimum_detectable_difference(error), most)
    return wanted


def show_shares(draws: int) -> list[str]:
    """Print the table of intervals; what is not kept."""
    print(f"\n### Coverage of intervals of shares, {draws:,} draws a cell, in %\n")
    print("By groups (by rows in brackets); *italic*: outside the stated limits' cells.\n")
    failures = []
    print_head("groups", "effective", "r")
    for (groups, pattern, correlation), row in by_line():
        values = []
        for cell in row:
            ours, rows = coverage(cell, draws)
            mark = "" if cell.within_limits else "*"
            values.append(f"{mark}{100 * ours:.1f}{mark} ({100 * rows:.0f})")
            slack = 3 * (0.95 * 0.05 / draws) ** 0.5 if draws < 4000 else 0.0
            if cell.within_limits and not COVERAGE[0] - slack <= ours <= COVERAGE[1] + slack:
                failures.append(f"{cell}: covers {100 * ours:.2f} %")
        print_line(groups, pattern, correlation, values)
    return failures


def show_tests(draws: int) -> list[str]:
    """Print the tables of paired tests; what is not kept."""
    most = LEVEL + 3 * (LEVEL * (1 - LEVEL) / draws) ** 0.5
    failures, powers = [], []
    print(f"\n### False alarms of paired tests at 5 %, {draws:,} draws a cell, in %\n")
    print(f"Both tests / the CR2 t-test alone / McNemar by rows; both: at most {100 * most:.1f}.\n")
    print_head("groups", "effective", "r")
    for (groups, pattern, correlation), row in by_line():
        values = []
        for cell in row:
            alarms = tested(cell, 0.0, draws)
            powers.append((cell, tested(cell, difference_for(cell), draws)))
            values.append(
                f"{100 * alarms.both:.1f} / {100 * alarms.t:.1f} / {100 * alarms.mcnemar:.0f}"
            )
            if alarms.both > most:
                failures.append(f"{cell}: {100 * alarms.both:.2f} % false alarms")
        print_line(groups, pattern, correlation, values)
    print(f"\n### Power, {draws:,} draws a cell, in %\n")
    print("Both tests / the CR2 t-test alone.\n")
    print_head("groups", "effective", "r")
    by_cell = dict(powers)
    for (groups, pattern, correlation), row in by_line():
        of_row = [by_cell[cell] for cell in row]
        values = [f"{100 * found.both:.0f} / {100 * found.t:.0f}" for found in of_row]
        print_line(groups, pattern, correlation, values)
        failures += [
            f"{cell}: power {100 * found.both:.1f} % of {100 * found.t:.1f} %"
            for cell, found in zip(row, of_row, strict=True)
            if found.both < 0.9 * found.t
        ]
    return failures


def by_line() -> Iterator[tuple[tuple[int, str, float], list[Cell]]]:
    """The lines of a table: cells that differ in p alone."""
    for line in product(GROUPS, PATTERNS, CORRELATIONS):
        yield line, [Cell(*line, share) for share in SHARES]


def print_head(*names: str) -> None:
    """Of a Markdown table."""
    titles = [*names, *(f"p {share}" for share in SHARES)]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")


def print_line(groups: int, pattern: str, correlation: float, values: list[str]) -> None:
    """Of a Markdown table."""
    effective = effective_groups(np.resize(PATTERNS[pattern], groups))
    parts = [f"{groups} {pattern}", f"{effective:.1f}", f"{correlation}", *values]
    print(f"| {' | '.join(parts)} |", flush=True)


def main() -> int:
    """Print all tables; 1 if a stated limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="400 draws a cell instead of 4,000")
    parser.add_argument("--only", choices=["shares", "tests"], help="one part")
    options = parser.parse_args()
    draws, begun = (400 if options.quick else 4000), time.monotonic()
    parts = {"shares": show_shares, "tests": show_tests}
    failures = [
        line for name, show in parts.items() if options.only in (None, name) for line in show(draws)
    ]
    print(f"\n{time.monotonic() - begun:.0f} s. Limits not kept: {len(failures)}")
    for line in failures:
        print(f"- {line}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
