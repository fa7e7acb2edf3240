import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.comparison import costs
from peftline.comparison.result import Costs, Metric, Row
from tests.comparison.invented import machine, run

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def rows(points):
    return [
        Row(
            name=str(at),
            kind="recipe",
            metric=Metric(value=value),
            costs=Costs(train_seconds=price),
        )
        for at, (value, price) in enumerate(points)
    ]


def front(points, better=operator.gt):
    return costs.pareto(rows(points), "train_seconds", better)


def test_pareto_members_are_those_that_no_other_beats():
    # best, cheapest, between; then as good but dearer, and worse and dearer
    assert front([(9, 9), (1, 1), (5, 5), (5, 6), (4, 7)]) == ["0", "1", "2"]


def test_equals_are_both_members():
    assert front([(5, 5), (5, 5)]) == ["0", "1"]


def test_a_loss_counts_the_other_way_round():
    assert front([(1, 9), (9, 1), (9, 9)], better=operator.lt) == ["0", "1"]


@given(POINTS)
def test_whoever_is_no_member_is_beaten_by_a_member(points):
    members = {int(name) for name in front(points)}
    assert members
    for at, (value, price) in enumerate(points):
        beaten = any(
            points[m][0] >= value and points[m][1] <= price and points[m] != points[at]
            for m in members
        )
        assert beaten == (at not in members)


def test_rows_without_the_cost_or_a_value_are_left_aside():
    known = rows([(5, 5)])
    unknown = [
        Row(name="whole", kind="recipe", metric=Metric(value=9.0)),
        Row(name="unscored", kind="recipe", metric=None, costs=Costs(train_seconds=1.0)),
    ]
    assert costs.pareto(known + unknown, "train_seconds", operator.gt) == ["0"]


def test_a_cost_that_one_seed_lacks_is_null():
    both = [run("lora", [1], seed=1), run("lora", [1], seed=2, adapter_bytes=None)]
    assert costs.of(both).adapter_bytes is None
    assert costs.of(both[:1]).adapter_bytes == 4096


def test_a_loss_that_is_no_number_is_null():
    assert costs.mean_over([run("a", [1], validation_loss=float("nan"))], "validation_loss") is None


def test_answers_are_timed_as_they_are_served_best():
    speeds = {"unmerged_tokens_per_second": 10.0, "merged_tokens_per_second": 20.0}
    assert costs.of([run("a", [1], generation=speeds)]).seconds_per_token == pytest.approx(0.05)
    speeds["merged_tokens_per_second"] = None
    assert costs.of([run("a", [1], generation=speeds)]).seconds_per_token == pytest.approx(0.1)
    assert costs.of([run("a", [1], generation=None)]).seconds_per_token is None


def test_forgetting_has_an_interval_with_one_seed_and_is_a_mean_with_more():
    def forgot(seed, value):
        told = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 30}
        return run("a", [1], seed=seed, forgetting={"difference": told})

    one = costs.forgetting([forgot(1, 0.2)])
    assert (one.value, one.low, one.high, one.n) == (
        0.2,
        pytest.approx(0.1),
        0.30000000000000004,
        30,
    )
    both = costs.forgetting([forgot(1, 0.2), forgot(2, 0.4)])
    assert both.value == pytest.approx(0.3) and both.low is None
    assert costs.of([forgot(1, 0.2), forgot(2, 0.4)]).forgetting == pytest.approx(0.3)


def test_what_was_forgotten_of_another_text_is_not_shown():
    def forgot(recipe, text):
        return run(recipe, [1], forgetting={"text_sha256": text, "difference": {"value": 0.1}})

    unmeasured = run("c", [1], forgetting=None)
    runs, notes = costs.of_one_text(
        [forgot("a", "x"), forgot("b", "x"), forgot("d", "y"), unmeasured]
    )
    assert [bool(one.summary["forgetting"]) for one in runs] == [True, True, False, False]
    assert notes == ["Forgetting was measured on another text, and is not shown, for d (seed 42)."]
    same = [forgot("a", "x"), unmeasured]
    assert costs.of_one_text(same) == (same, [])


def test_seconds_memory_and_speeds_of_other_machines_than_most_are_not_shown():
    here, there = machine(), machine(cores=64)
    kernel = machine(platform="another kernel")
    of_three = [run("a", [1], hardware=here), run("b", [1], hardware=kernel)]
    of_three.append(run("c", [1], hardware=there, generation={"merged_tokens_per_second": 9.0}))
    runs, notes = costs.of_one_machine(of_three)
    assert [costs.of([one]).train_seconds for one in runs] == [60.0, 60.0, None]
    lost = costs.of(runs[2:])
    assert lost.peak_memory_bytes is lost.tokens_per_second is lost.seconds_per_token is None
    assert lost.adapter_bytes == 4096 and lost.trainable_parameters == 1000
    assert runs[2].summary["metrics"] == of_three[2].summary["metrics"]
    assert notes == [
        "Seconds, memory and speeds are those of one machine (Xeon, 2 cores, 1 thread, float32), "
        "and are not shown for c (seed 42, on Xeon, 64 cores, 1 thread, float32)."
    ]
    assert costs.of_one_machine(of_three[:2]) == (of_three[:2], [])


def test_of_a_machine_that_is_not_known_nothing_is_compared_with_one_that_is():
    runs, notes = costs.of_one_machine([run("a", [1], hardware=machine()), run("b", [1])])
    assert [one.summary["train_seconds"] for one in runs] == [60.0, None]
    assert "b (seed 42, on a machine that is not known)" in notes[0]
