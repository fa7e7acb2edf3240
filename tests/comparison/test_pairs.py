import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from peftline.comparison import pairs
from peftline.comparison.result import Metric, Row
from peftline.comparison.seeds import Spread
from peftline.evaluation.statistics.clusters import standard_error
from peftline.evaluation.statistics.power import minimum_detectable_difference
from peftline.evaluation.statistics.significance import paired_test
from tests.comparison.invented import between


def row(name, values, kind="recipe", seeds=(42,)):
    value = None if values is None else float(np.mean(values))
    scores = [] if values is None else [values] * max(1, len(seeds))
    return Row(name=name, kind=kind, metric=Metric(value=value), scores=scores, seeds=list(seeds))


def alone(values):
    """Every example a group of its own."""
    return [str(at) for at in range(len(values))]


def compare_all(rows, groups=None):
    """Where nothing is known about seeds."""
    groups = groups or alone(rows[0].values if rows[0].scores else [])
    return pairs.compare_all(rows, groups, Spread())


GOOD, HALF, BAD = [1.0] * 36 + [0.0] * 4, [1.0, 0.0] * 20, [0.0] * 40
ROWS = [row("good", GOOD), row("half", HALF), row("bad", BAD, kind="base", seeds=())]


def test_every_pair_is_tested_and_adjusted_over_all_of_them():
    found = compare_all(ROWS)
    assert [(pair.a, pair.b) for pair in found] == [
        ("good", "half"),
        ("good", "bad"),
        ("half", "bad"),
    ]
    exact = []
    for a, b in ((GOOD, HALF), (GOOD, BAD), (HALF, BAD)):
        won = sum(x > y for x, y in zip(a, b, strict=True))
        lost = sum(x < y for x, y in zip(a, b, strict=True))
        exact.append(stats.binomtest(won, won + lost).pvalue)
    assert [pair.p_value for pair in found] == pytest.approx(exact)
    holm = multipletests(exact, method="holm")[1]
    assert [pair.adjusted_p_value for pair in found] == pytest.approx(list(holm))
    assert found[0].difference.model_dump() == paired_test(GOOD, HALF, alone(GOOD)).difference


def test_with_many_rows_of_several_seeds_a_large_difference_stays_significant():
    """Random flips have a smallest p-value, which 325 pairs would lift above 5 %."""
    middling = [1 / 3, 2 / 3] * 20
    many = [row(f"r{at}", middling, seeds=(1, 2, 3)) for at in range(25)]
    found = compare_all([*many, row("bad", BAD, seeds=(1, 2, 3))])
    assert len(found) == 325
    assert pairs.is_significant(between(found, "r0", "bad"))


def test_one_example_is_no_test():
    (one,) = compare_all([row("a", [1.0]), row("b", [0.0])])
    assert one.p_value == 1.0 and one.minimum_detectable_difference is None


def test_rows_without_scores_by_example_are_not_tested():
    assert compare_all([row("good", GOOD), row("none", None)]) == []


def test_a_pair_can_be_seen_from_both_sides():
    found = compare_all(ROWS)
    there, back = between(found, "good", "half"), between(found, "half", "good")
    assert back.difference.value == -there.difference.value
    assert (back.difference.low, back.difference.high) == (
        -there.difference.high,
        -there.difference.low,
    )


def test_comparisons_with_the_best_are_adjusted_for_their_number_alone():
    found = compare_all(ROWS)
    best = ROWS[1]
    against = pairs.against(best, found)
    others = [one.name for one in ROWS if one is not best]
    assert sorted(against) == sorted(others)
    for name, pair in against.items():
        alone = between(found, name, best.name)
        assert (pair.a, pair.b, pair.difference) == (name, best.name, alone.difference)
        assert pair.adjusted_p_value == min(1.0, len(others) * alone.p_value)
    assert pairs.against(None, found) == {}


def test_the_true_best_is_seldom_found_worse_than_what_came_out_best():
    """Of eight equally good recipes each is the true best, so none may be shut out often."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(25):
        rows = [row(f"r{at}", rng.integers(0, 2, 60).astype(float).tolist()) for at in range(8)]
        best = max(rows, key=lambda one: sum(one.values))
        against = pairs.against(best, compare_all(rows))
        shares.append(1 - len(pairs.best_group(best, rows, against, True)) / len(rows))
    assert np.mean(shares) < 0.05


def test_the_best_group_is_the_best_and_the_recipes_not_significantly_worse():
    close = row("close", [1.0] * 35 + [0.0] * 5)
    rows = [row("good", GOOD), close, *ROWS[1:], row("base", GOOD, kind="base")]
    against = pairs.against(rows[0], compare_all(rows))
    assert pairs.best_group(rows[0], rows, against, True) == ["good", "close"]
    assert pairs.best_group(None, [], {}, True) == []


def test_the_detectable_difference_is_the_median_over_pairs_of_recipes_that_differ():
    rows = [*ROWS, row("twin", GOOD)]
    differences = [a - b for a, b in zip(GOOD, HALF, strict=True)]
    expected = minimum_detectable_difference(standard_error(differences, alone(GOOD)))
    larger = minimum_detectable_difference(
        standard_error(differences, alone(GOOD)), 0.05 / (len(rows) - 1)
    )
    found = pairs.detectable(rows, compare_all(rows))
    assert found.alone == pytest.approx(expected) and found.to_best == pytest.approx(larger)
    assert found.alone_by_seeds == {1: found.alone}
    assert larger > expected
    assert pairs.detectable(ROWS[:1], []) is None


def test_examples_of_a_group_are_one_piece_of_evidence():
    """Ten of ten rows better: by rows certain, by groups of five only two groups say so."""
    better = [1.0] * 10 + [0.0] * 30
    rows = [row("better", better), row("none", BAD)]
    by_rows, by_groups = compare_all(rows), compare_all(rows, [str(at // 5) for at in range(40)])
    assert pairs.is_significant(by_rows[0]) and by_rows[0].differing_groups == 10
    assert by_groups[0].differing_groups == 2
    assert by_groups[0].not_testable.startswith("8.0 effective groups")
    assert not pairs.is_significant(by_groups[0])


def test_a_pair_is_testable_alone_or_among_few_and_not_among_many():
    """Seven of seven: 1/64 is below 5 %, but not below 5 % of a tenth of it."""
    seven = row("seven", [1.0] * 7 + [0.0] * 33)
    few, many = ([seven, *(row(f"r{at}", BAD) for at in range(n))] for n in (1, 4))
    assert compare_all(few)[0].not_testable is None
    found = compare_all(many)
    assert len(found) == 10
    assert found[0].not_testable == "7 groups differ, which allows no p-value below 0.016"
    assert not pairs.is_significant(found[0])
    assert found[-1].not_testable is None  # two that never differ: nothing to test
    to_best = pairs.against(seven, found)["r0"]
    assert to_best.not_testable == found[0].not_testable and len(pairs.against(seven, found)) == 4
