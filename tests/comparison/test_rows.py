import statistics
from dataclasses import replace

import pytest

from peftline.comparison import rows
from peftline.evaluation import metrics
from peftline.evaluation.statistics.intervals import mean, proportion
from peftline.sweep.point import Chosen, Result
from peftline.sweep.state import Sweep
from tests.comparison.invented import run, share

EXACT = metrics.TOOL_CALLS
A, B = [1, 1, 0, 0, 1, 0, 1, 1], [1, 0, 0, 0, 1, 1, 1, 1]
ALONE = [str(at) for at in range(8)]


def recipe_rows(*runs, sweep=None, chosen=EXACT):
    return rows.of_recipes(list(runs), chosen, sweep, {"lora": "Low rank."})


def test_one_seed_has_the_value_and_interval_of_its_summary():
    (row,) = recipe_rows(run("lora", A))
    assert row.metric.model_dump() == proportion(A, ALONE)
    assert row.seeds == [42] and row.seed_deviation is None
    assert row.about == "Low rank."


def test_seeds_are_averaged_by_example_whatever_their_order():
    turned = run("lora", B, seed=2)
    turned.predictions.reverse()
    (row,) = recipe_rows(turned, run("lora", A, seed=1))
    expected = [(a + b) / 2 for a, b in zip(A, B, strict=True)]
    assert row.values == expected
    assert row.metric.model_dump() == mean(expected, ALONE, is_share=True)
    assert row.seeds == [1, 2] and row.seed_values == [share(A), share(B)]
    assert row.seed_deviation == pytest.approx(statistics.stdev([share(A), share(B)]))


def test_other_metrics_and_costs_are_means_over_seeds():
    (row,) = recipe_rows(
        run("lora", A, seed=1, train_seconds=10.0, validation_loss=0.2),
        run("lora", B, seed=2, train_seconds=30.0, validation_loss=0.4),
    )
    assert row.costs.train_seconds == 20.0
    assert row.validation_loss == pytest.approx(0.3)
    assert row.costs.forgetting is None and row.forgetting is None


def test_settings_that_a_sweep_varies_are_rows_of_their_own():
    small, large = ({"adapter.rank": rank} for rank in (4, 16))
    found = recipe_rows(
        run("lora", A, seed=1, varied=small),
        run("lora", B, seed=2, varied=small),
        run("lora", B, seed=1, varied=large),
        run("ia3", B, varied={"training.learning_rate": 0.1}),
    )
    assert {row.name: len(row.seeds) for row in found} == {
        "lora (adapter.rank=4)": 2,
        "lora (adapter.rank=16)": 1,
        "ia3": 1,
    }


@pytest.mark.parametrize(("candidates", "tuned"), [(3, True), (1, False)])
def test_tuned_means_chosen_among_several(candidates, tuned):
    sweep = Sweep(name="s", chosen={"lora": Chosen(candidates=candidates)})
    lora, vera = recipe_rows(run("lora", A), run("vera", A), sweep=sweep)
    assert lora.tuned is tuned and lora.candidates == candidates
    assert vera.tuned is False and vera.candidates is None
    assert not lora.at_edge and lora.notes == []


@pytest.mark.parametrize(("short", "noted"), [(0.4, True), (0.6, False)])
def test_settings_that_do_worse_in_the_whole_run_than_in_the_short_one_are_noted(short, noted):
    settings = {"rate": 0.3}
    point = Result(
        stage="tuning", recipe="lora", seed=1, settings=settings, score=short, hash="a", folder="a"
    )
    sweep = Sweep(
        name="s",
        selection="validation_loss",
        points=[point],
        chosen={"lora": Chosen(candidates=3, settings=settings)},
    )
    one = run("lora", A, varied=settings, validation_loss=0.5)
    (row,) = recipe_rows(one, sweep=sweep)
    assert bool(row.notes) is noted
    if noted:
        assert "was 0.400 after the short tuning run, but is 0.500 after the whole" in row.notes[0]
    (by_metric,) = recipe_rows(one, sweep=sweep.model_copy(update={"selection": "exact_match"}))
    assert by_metric.notes == []


def test_the_best_at_the_edge_of_a_grid_is_noted():
    chosen = Chosen(candidates=3, settings={"rate": 0.3}, edges={"rate": "largest"})
    sweep = Sweep(name="s", chosen={"lora": chosen})
    lora, other = recipe_rows(run("lora", A), run("lora", A, varied={"rate": 0.3}), sweep=sweep)
    assert lora.at_edge and lora.tuned
    assert not other.at_edge and not other.tuned and other.notes == []
    assert lora.notes == [
        "The best rate, 0.3, is the largest that was tried: one beyond may be better."
    ]


def test_a_metric_that_is_no_mean_over_examples_keeps_its_own_interval():
    one = run("lora", A)
    one.summary["metrics"]["macro_f1"] = {"value": 0.4, "low": 0.2, "high": 0.6, "n": 8}
    (row,) = recipe_rows(one, chosen=replace(EXACT, headline="macro_f1"))
    assert row.scores == []
    assert (row.metric.value, row.metric.low, row.metric.high) == (0.4, 0.2, 0.6)


@pytest.mark.parametrize(
    ("summary", "delivers"),
    [
        ({}, "adapter and merged model"),
        ({"merge": None}, "adapter"),
        ({"merge": None, "adapter_bytes": None}, "whole model"),
    ],
)
def test_what_is_delivered_follows_from_the_summary(summary, delivers):
    assert recipe_rows(run("lora", A, **summary))[0].delivers == delivers


def test_notes_name_parts_whose_training_is_not_counted_and_merges_that_failed():
    (row,) = recipe_rows(run("f", A, parts=[{"recipe": "ia3"}], merge={"verified": False}))
    assert "Made of ia3" in row.notes[0] and "does not give the adapter's logits" in row.notes[1]


def test_findings_about_training_keep_their_seed():
    found = {"name": "plateau", "evidence": "e", "advice": "a"}
    (row,) = recipe_rows(run("lora", A, seed=1, health=[found]), run("lora", A, seed=2, health=[]))
    assert row.health == [{"seed": 1, **found}]


def test_seeds_of_unlike_versions_are_averaged_and_it_is_said():
    first = run("lora", A, seed=1, versions={"torch": "2.9", "peft": "1"})
    second = run("lora", B, seed=2, versions={"torch": "2.10", "peft": "1"})
    (row,) = recipe_rows(first, second)
    assert row.seeds == [1, 2]
    assert row.notes == ["Its seeds were trained with unlike versions: torch 2.10 and 2.9."]
    assert recipe_rows(first)[0].notes == []
