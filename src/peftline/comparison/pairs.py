"""All pairs of rows on the same test examples: differences, p-values, the best group."""

import math
import statistics as plain
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

from peftline.comparison.result import Detectable, Metric, Pair, Row
from peftline.comparison.seeds import Spread, matched
from peftline.evaluation.statistics.power import minimum_detectable_difference
from peftline.evaluation.statistics.significance import (
    SIGNIFICANT,
    adjusted,
    paired_test,
    too_few_differ,
)


def compare_all(rows: list[Row], groups: list[str], spread: Spread) -> list[Pair]:
    """Test every pair of rows whose examples were scored one by one.

    The p-values are adjusted together (Holm), so that among all of them the chance of a single
    false difference is 5 %. A pair that could not come below the level of the first step, however
    large its difference, is not testable.

    Args:
        rows: of the table.
        groups: of the examples, in the order of the rows' scores.
        spread: how far seeds move a difference. Where that is not known well enough, differences
            are those of these runs alone.
    """
    tested = [row for row in rows if row.scores]
    pairs = [_pair(a, b, groups, spread, len(tested) - 1) for a, b in combinations(tested, 2)]
    together = adjusted([pair.p_value for pair in pairs])
    return [
        _among(pair, len(pairs)).model_copy(update={"adjusted_p_value": q})
        for pair, q in zip(pairs, together, strict=True)
    ]


def _pair(a: Row, b: Row, groups: list[str], spread: Spread, others: int) -> Pair:
    """A difference must hold for other examples, and for other examples and seeds together.

    The t-test has the spread over seeds in its variance. The p-value is not adjusted yet.
    """
    ours, theirs, shared = matched(a, b)
    # So that both means over seeds come in steps of one over it.
    parts = len(shared) or math.lcm(len(a.seeds) or 1, len(b.seeds) or 1)
    test = paired_test(
        ours, theirs, groups, parts, lambda error: spread.added_to(error, a, b, shared)
    )
    varies = test.error and test.differing_groups
    alone, among_all = (
        minimum_detectable_difference(test.error, SIGNIFICANT / comparisons) if varies else None
        for comparisons in (1, others)
    )
    return Pair(
        a=a.name,
        b=b.name,
        difference=Metric(**test.difference),
        seeds=shared,
        p_value=test.p_value,
        adjusted_p_value=test.p_value,
        differing_groups=test.differing_groups,
        minimum_detectable_difference=alone,
        minimum_detectable_among_all=among_all,
    )


def _among(pair: Pair, comparisons: int) -> Pair:
    """The pair as one of so many, of which the first must come below 5 % / comparisons."""
    reason = pair.difference.no_verdict or too_few_differ(
        pair.differing_groups, SIGNIFICANT / comparisons
    )
    return pair.model_copy(update={"not_testable": reason})


def turned(pair: Pair) -> Pair:
    """The same pair, seen from the other row."""
    given = pair.difference
    low, high = (None if end is None else -end for end in (given.high, given.low))
    difference = given.model_copy(update={"value": -given.value, "low": low, "high": high})
    return pair.model_copy(update={"a": pair.b, "b": pair.a, "difference": difference})


def against(best: Row | None, pairs: list[Pair]) -> dict[str, Pair]:
    """Each other row minus the best, by name, adjusted for these comparisons alone (Bonferroni).

    There are as many as rows that the true best could be found worse than. So, whichever row came
    out best, the chance that the true best is found worse than it is 5 % at most.
    """
    if best is None:
        return {}
    found = [pair if pair.b == best.name else turned(pair) for pair in pairs if _has(pair, best)]
    return {
        pair.a: _among(pair, len(found)).model_copy(
            update={"adjusted_p_value": min(1.0, len(found) * pair.p_value)}
        )
        for pair in found
    }


def _has(pair: Pair, row: Row) -> bool:
    return row.name in (pair.a, pair.b)


def best_group(
    best: Row | None, rows: list[Row], against_best: Mapping[str, Pair], higher_is_better: bool
) -> list[str]:
    """The best row, and the recipes that are not significantly worse, best first."""
    return [
        row.name
        for row in rows
        if row is best
        or (
            row.kind == "recipe"
            and (pair := against_best.get(row.name))
            and not beats(turned(pair), higher_is_better)
        )
    ]


def is_significant(pair: Pair) -> bool:
    """Whether the difference holds after its adjustment for many pairs."""
    return pair.not_testable is None and pair.adjusted_p_value < SIGNIFICANT


def differing(tested: list[Pair], higher_is_better: bool) -> list[tuple[str, str]]:
    """Better and worse row of each pair that differs significantly."""
    return [
        (pair.a, pair.b) if beats(pair, higher_is_better) else (pair.b, pair.a)
        for pair in tested
        if is_significant(pair)
    ]


def beats(pair: Pair, higher_is_better: bool) -> bool:
    """Whether the first row of a pair is significantly better than the second."""
    return is_significant(pair) and (pair.difference.value > 0) == higher_is_better


def detectable(rows: list[Row], pairs: list[Pair]) -> Detectable | None:
    """Medians of the minimum detectable differences between recipes.

    None without two recipes. Pairs that never differ say nothing about spread, so they are left
    aside.
    """
    recipes = {row.name for row in rows if row.kind == "recipe"}
    found = [
        pair for pair in pairs if {pair.a, pair.b} <= recipes and pair.minimum_detectable_difference
    ]
    if not found:
        return None
    by_seeds = defaultdict(list)
    for pair in found:
        by_seeds[len(pair.seeds)].append(pair.minimum_detectable_difference)
    return Detectable(
        alone=plain.median(pair.minimum_detectable_difference for pair in found),
        to_best=plain.median(pair.minimum_detectable_among_all for pair in found),
        alone_by_seeds={count: plain.median(by_seeds[count]) for count in sorted(by_seeds)},
    )
