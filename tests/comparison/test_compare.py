import json
from pathlib import Path

from peftline.comparison import pairs
from peftline.comparison.compare import compare
from peftline.comparison.result import Comparison
from peftline.comparison.runs import Failure, Runs
from peftline.comparison.seeds import Spread
from peftline.comparison.table import flat
from peftline.sweep.point import Chosen
from peftline.sweep.state import Sweep
from tests.comparison.invented import base_answers, between, machine, repeated, run

GOOD, CLOSE, BAD = [1] * 36 + [0] * 4, [1] * 35 + [0] * 5, [1, 0] * 20
BASE = base_answers(few_shot=[0] * 40)


def compared(*runs, failures=(), sweep=None):
    return compare(Runs(Path("data"), list(runs), list(failures), sweep))


def three(**more):
    return (
        run("good", GOOD, base=BASE, train_seconds=90.0),
        run("close", CLOSE, train_seconds=30.0, **more),
        run("bad", BAD),
    )


def test_rows_stand_best_first_and_survive_json():
    found = compared(*three())
    assert [row.name for row in found.rows] == ["good", "close", "bad", "base (few-shot)"]
    assert found.best == "good" and found.best_group == ["good", "close"]
    again = Comparison(**json.loads(found.model_dump_json()))
    assert again.model_dump() == found.model_dump()


def test_the_verdict_names_best_equals_cheapest_base_and_what_is_detectable():
    best, equals, cheapest, base, detectable, scope = compared(*three()).verdict
    assert best.startswith("Highest exact_match: good with 90.0 % (76.9 to 96.0)† on 40 test")
    assert "Not distinguishable from it" in equals
    assert ": close; the other recipe is worse." in equals
    assert cheapest.startswith(
        "Cheapest among these, as measured: fastest to train close (30 s), least memory"
    )
    assert "base (few-shot) with 0.0 %" in base and "good beats it (+90.0 points" in base
    assert detectable.startswith("Minimum detectable difference: ") and "points" in detectable
    assert "One seed each" in scope


def test_a_best_that_is_alone_is_called_significantly_better():
    found = compared(run("good", GOOD), run("bad", BAD), run("worse", [0] * 40))
    assert found.best_group == ["good"]
    assert "significantly better than the other 2 recipes" in found.verdict[1]


def test_of_equally_good_recipes_the_faster_is_first():
    found = compared(run("slow", GOOD, train_seconds=9.0), run("fast", GOOD, train_seconds=1.0))
    assert [row.name for row in found.rows] == ["fast", "slow"]
    assert found.best_group == ["fast", "slow"]


def test_runs_that_say_only_losses_are_ordered_by_them_and_not_tested():
    found = compared(run("a", [], validation_loss=0.5), run("b", [], validation_loss=0.3))
    assert [row.name for row in found.rows] == ["b", "a"]
    assert found.headline is None and found.pairs == [] and found.best_group == []
    assert "By validation loss per token, b is first" in found.verdict[0]


def test_a_lower_loss_of_the_references_is_better():
    name = "negative_log_likelihood"
    likely = run("a", [2.5, 3.0, 2.0, 2.5] * 5, metric=name)
    unlikely = run("b", [9.0, 8.5, 9.5, 7.0] * 5, metric=name)
    for row in (*likely.predictions, *unlikely.predictions):
        row["scores"]["tokens"] = 4
    found = compared(likely, unlikely)
    assert found.best == "a" and not found.higher_is_better
    assert "Lowest negative_log_likelihood: a with 2.5 (" in found.verdict[0]
    assert "significantly better" in found.verdict[1]


def test_nothing_is_dropped_without_a_word():
    other = {"base_model": {"id": "big", "sha256": "c" * 64}}
    failure = Failure("vera", 7, "loss is nan")
    found = compared(*three(), run("strange", GOOD, **other), failures=[failure])
    assert found.failures == [{"recipe": "vera", "seed": 7, "varied": {}, "reason": "loss is nan"}]
    assert [one["recipe"] for one in found.left_out] == ["strange"]
    kinds = {line["name"]: line["kind"] for line in flat(found)}
    assert kinds["vera"] == "failed" and kinds["strange"] == "left out"
    assert kinds["good"] == "recipe" and kinds["base (few-shot)"] == "base"


def test_failures_alone_make_a_comparison_that_says_so():
    found = compared(failures=[Failure("vera", 7, "loss is nan")])
    assert found.rows == [] and "No finished run can be compared" in found.verdict[0]


def test_the_table_holds_the_difference_to_the_best():
    lines = {line["name"]: line for line in flat(compared(*three()))}
    assert lines["bad"]["difference_to_best"] == -0.4 and lines["bad"]["differs_from_best"]
    assert lines["close"]["best_group"] and not lines["close"]["differs_from_best"]
    assert lines["good"]["value"] == 0.9 and lines["good"]["difference_to_best"] is None
    assert lines["close"]["pareto_train_seconds"] and lines["good"]["pareto_train_seconds"]
    assert lines["bad"]["metric_exact_match"] == 0.5


def test_versions_that_differ_between_runs_are_all_named():
    found = compared(*three(versions={"peft": "0.22", "torch": "2"}))
    assert found.versions == {"peft": ["0.21", "0.22"], "torch": ["2"]}


def test_a_sweep_says_how_settings_were_chosen_and_how_long_it_took():
    rate = {"training.learning_rate": 0.1}
    chosen = {"good": Chosen(candidates=3, settings=rate, edges=dict.fromkeys(rate, "largest"))}
    sweep = Sweep(name="rates", selection="validation_loss", wall_seconds=12.0, chosen=chosen)
    found = compared(run("good", GOOD, varied=rate), run("bad", BAD), sweep=sweep)
    assert found.sweep["wall_seconds"] == 12.0 and found.sweep["name"] == "rates"
    assert found.row("good").tuned and not found.row("bad").tuned
    lines = {line["name"]: line for line in flat(found)}
    assert lines["good"]["at_edge"] and not lines["bad"]["at_edge"]
    assert lines["bad"]["difference_seeds"] == "42"


def test_several_seeds_are_said_to_be_averaged():
    found = compared(run("good", GOOD, seed=1), run("good", CLOSE, seed=2), run("bad", BAD))
    told = found.verdict[-1]
    assert "1 to 2 seeds each, averaged by example" in told
    assert "moves a result by 1.8 points (the seed itself 0.0 points, " in told
    assert "from 1 recipe: too few runs" in told
    assert "difference between" not in told


def test_it_is_said_how_a_seed_that_some_have_alone_does_for_the_others():
    """Of `first`, seed 0 gives 90 %, and all three 76.7 %; the others tell of no seed."""
    several = repeated(first=(GOOD, BAD, GOOD))
    told = compared(*several, run("alone", BAD, seed=0)).verdict[-1]
    assert "Recipes with one seed have seed 0, at which those with several are 13.3 points" in told
    assert "13.3 points better than in their mean" in told
    elsewhere = compared(*several, run("alone", BAD, seed=0), run("other", BAD, seed=1))
    assert "Recipes with one seed" not in elsewhere.verdict[-1]
    assert "Recipes with one seed" not in compared(*several, run("new", BAD, seed=9)).verdict[-1]


def test_seeds_that_change_no_mean_make_no_order():
    same = repeated(first=(GOOD, GOOD), second=(BAD, BAD))
    told = compared(*same, run("alone", BAD, seed=0)).verdict[-1]
    assert "1 to 2 seeds each" in told and "in their mean" not in told


def test_what_is_detectable_is_told_for_the_most_seeds_too():
    found = compared(*repeated(first=(GOOD, BAD), second=(BAD, CLOSE)), run("one", BAD, seed=0))
    assert set(found.minimum_detectable.alone_by_seeds) == {1, 2}
    at_two = 100 * found.minimum_detectable.alone_by_seeds[2]
    assert f"beforehand ({at_two:.1f} points where both have 2 seeds)" in found.verdict[-2]


def test_the_spread_over_seeds_stands_in_the_verdict_and_in_every_test():
    runs = repeated(
        first=(GOOD, BAD, GOOD), second=(BAD, GOOD, CLOSE), third=(BAD, BAD, GOOD), none=([0] * 40,)
    )
    found = compared(*runs)
    told, spread = found.verdict[-1], found.seed_spread
    assert spread.recipes == 3 and spread.of_differences.degrees_of_freedom == 4
    for one in (spread.of_results, spread.of_differences):
        assert 0 < one.own < one.observed
        observed, own = (f"{100 * part:.1f} points" for part in (one.observed, one.own))
        assert f"by {observed} (the seed itself {own}, " in told
    assert "The seed's own part counts in all tests" in told
    assert Comparison(**json.loads(found.model_dump_json())).seed_spread == spread
    alone = pairs.compare_all(found.rows, found.example_groups, Spread())
    for name in ("second", "none"):
        with_spread, without = (between(of, "first", name) for of in (found.pairs, alone))
        assert with_spread.difference.low < without.difference.low
        assert with_spread.minimum_detectable_difference > without.minimum_detectable_difference


def test_where_too_few_tell_the_spread_of_differences_nothing_is_said_of_it():
    runs = repeated(first=(GOOD, BAD, GOOD), second=(BAD, GOOD, CLOSE))
    found = compared(*runs)
    assert not found.seed_spread.of_differences.is_known
    assert "difference between two recipes" not in found.verdict[-1]


def test_a_recipe_that_beats_the_best_at_the_seeds_of_both_is_named():
    """Its other seeds were bad ones, so that its mean over all of them is lower."""
    once = run("once", [1] * 20 + [0] * 20, seed=0)
    found = compared(once, *repeated(thrice=([1] * 38 + [0] * 2, [0] * 40, [0] * 40)))
    assert found.best == "once" and found.best_group == ["once", "thrice"]
    assert "But at the seeds that both have, thrice beat it" in found.verdict[1]
    assert "Not distinguishable" not in found.verdict[1]


def test_recipes_of_other_training_rows_are_compared_and_it_is_said():
    found = compared(run("good", GOOD), run("bad", BAD, data={"sha256": "e" * 64}))
    assert {row.name for row in found.rows} == {"good", "bad"} and found.left_out == []
    assert found.against_best["bad"].difference.value == -0.4
    (note,) = [note for note in found.notes if "training data" in note]
    assert "sha256 dddddddd (good), eeeeeeee (bad)" in note
    assert "Validation losses are of other rows" in note


def test_runs_of_two_machines_are_compared_by_quality_and_one_of_them_by_cost():
    here, there = machine(), machine(processor="EPYC")
    first = [run("good", GOOD, hardware=here), run("close", CLOSE, hardware=here)]
    found = compared(*first, run("bad", BAD, hardware=there, train_seconds=1.0))
    assert [row.costs.train_seconds for row in found.rows] == [60.0, 60.0, None]
    assert "bad" not in found.pareto["train_seconds"]
    assert found.against_best["bad"].difference.value == -0.4
    assert found.machine == "Xeon, 2 cores, 1 thread, float32"
    assert any("not shown for bad" in note for note in found.notes)


def test_the_verdict_says_which_runs_are_of_an_older_scoring_and_names_the_command():
    old = {"scoring_sha256": "older"}
    found = compare(
        Runs(
            Path("data/experiments/trial/rates"),
            [run("good", GOOD, **old), run("close", CLOSE, **old), run("bad", BAD)],
            [],
        )
    )
    assert {row.name for row in found.rows} == {"good", "close"}
    assert [one["recipe"] for one in found.left_out] == ["bad"]
    assert found.verdict[-1] == (
        "2 of 3 runs are of another version of the scoring than this project: kedro rescore "
        "--experiment trial/rates (with the same --env) scores their stored answers anew, without "
        "a model."
    )
    assert "kedro rescore" not in str(compared(run("good", GOOD)).verdict)


def test_runs_whose_scores_cannot_be_renewed_are_counted():
    losses = run("a", [2.5, 3.0], metric="negative_log_likelihood", scoring_sha256="older")
    for row in losses.predictions:
        row["scores"]["tokens"] = 4
    assert "1 of them can only be run again" in compared(losses).verdict[-1]


def by_tool(size, *named, **more):
    """A comparison of runs whose 40 examples lie in groups of so many."""
    groups = [f"tool-{at // size:02}" for at in range(40)]
    return compared(*(run(name, scores, groups=groups, **more) for name, scores in named))


def test_groups_and_effective_groups_stand_beside_the_examples():
    found = by_tool(2, ("good", GOOD), ("bad", BAD))
    assert (found.groups, found.effective_groups) == (20, 20.0)
    assert "on 40 test examples in 20 groups (20.0 effective)" in found.verdict[0]
    line = flat(found)[0]
    assert (line["n"], line["groups"], line["effective_groups"]) == (40, 20, 20.0)
    assert line["no_verdict"] == "misses in 2 groups, and 10 are needed"
    assert "†: no verdict on this value alone, misses in 2 groups" in found.verdict[0]


def test_with_few_groups_there_is_no_verdict():
    found = by_tool(5, ("good", GOOD), ("bad", BAD))
    assert found.best_group == ["good", "bad"]
    assert "No verdict: the test examples lie in 8.0 effective groups" in found.verdict[1]
    assert len(found.verdict) == 2


def test_what_would_differ_by_rows_alone_is_named():
    """Twelve rows better, in three groups of four."""
    better = ("better", [1] * 12 + [0] * 28)
    found = by_tool(4, better, ("none", [0] * 40))
    assert found.only_by_rows == [("better", "none")]
    assert "Not distinguishable from it" in found.verdict[1]
    assert "Too few groups of examples differ to test it against none." in found.verdict[1]
    assert by_tool(1, better, ("none", [0] * 40)).only_by_rows == []


def test_runs_without_groups_are_left_out_with_the_reason():
    old = run("old", GOOD)
    for row in old.predictions:
        del row["group"]
    (left_out,) = compared(run("new", GOOD), old).left_out
    assert left_out["recipe"] == "old" and "name no groups" in left_out["reason"]
