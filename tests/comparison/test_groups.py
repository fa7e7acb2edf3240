import pytest

from peftline.comparison.groups import comparable
from tests.comparison.invented import run

HITS = [1, 0, 1, 1]


def names(runs):
    return [(one.recipe, one.seed) for one in runs]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"base_model": {"sha256": "c", "id": "big"}}, "another base model (big)"),
        (
            {"rendering": {"format": "alpaca"}},
            'another prompt format or limit on length ({"format": "alpaca"})',
        ),
        (
            {"evaluation": {"max_new_tokens": 16, "dtype": "auto", "choices": None}},
            'other settings of answers ({"max_new_tokens": 16, "dtype": "auto", "choices": null})',
        ),
        ({"metric_set": "numeric"}, "other metrics"),
        (
            {"scoring_sha256": "older"},
            "another version of the scoring (kedro rescore makes them equal)",
        ),
    ],
)
def test_runs_about_something_else_are_left_out_with_the_reason(changes, reason):
    kept, left_out = comparable([run("a", HITS), run("b", HITS), run("c", HITS, **changes)])
    assert names(kept) == [("a", 42), ("b", 42)]
    assert [(one.recipe, one.reason) for one in left_out] == [("c", reason)]


def test_answers_to_other_examples_are_left_out():
    other = run("c", HITS)
    other.predictions[0]["prompt"] = "another question"
    kept, left_out = comparable([run("a", HITS), run("b", HITS), other])
    assert names(kept) == [("a", 42), ("b", 42)]
    assert left_out[0].reason == "other test questions"


def test_runs_of_other_training_rows_are_compared_where_the_test_questions_are_equal():
    other = run("b", HITS, data={"sha256": "e" * 64})
    assert names(comparable([run("a", HITS), other]).runs) == [("a", 42), ("b", 42)]


def test_other_groups_are_other_test_questions():
    other = run("c", HITS)
    for row in other.predictions:
        row["group"] = "together"
    kept, left_out = comparable([run("a", HITS), run("b", HITS), other])
    assert names(kept) == [("a", 42), ("b", 42)]
    assert left_out[0].reason == "other test questions"


def test_losses_of_plain_text_are_compared_on_the_same_data_alone():
    other = run("c", [], data={"sha256": "e" * 64})
    _, left_out = comparable([run("a", []), run("b", []), other])
    assert left_out[0].reason == "other data (sha256 eeeeeeee, the others have dddddddd)"


def test_a_run_that_does_not_say_how_it_was_scored_is_left_out_with_the_command():
    old = run("b", HITS)
    del old.summary["scoring_sha256"], old.summary["metric_set"]
    kept, left_out = comparable([run("a", HITS), old])
    assert names(kept) == [("a", 42)]
    assert "older version of this project. kedro rescore scores it anew" in left_out[0].reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": {"sha256": "e" * 64}}, "training data eeeeeeee, not dddddddd"),
        ({"hardware": {"compute_dtype": "bfloat16"}}, "training in bfloat16, not None"),
    ],
)
def test_seeds_of_other_training_rows_or_another_type_are_not_averaged(change, reason):
    seeds = [run("a", HITS, seed=seed) for seed in (1, 2)]
    kept, left_out = comparable([*seeds, run("a", HITS, seed=3, **change)])
    assert names(kept) == [("a", 1), ("a", 2)]
    assert reason in left_out[0].reason


def test_the_order_of_answers_does_not_matter():
    turned = run("b", HITS)
    turned.predictions.reverse()
    assert comparable([run("a", HITS), turned]).left_out == []


def test_of_equally_large_groups_the_newest_is_compared():
    other = {"rendering": {"format": "alpaca"}}
    kept, left_out = comparable([run("old", HITS, age=9), run("new", HITS, **other)])
    assert names(kept) == [("new", 42)] and left_out[0].recipe == "old"


def test_a_summary_that_its_answers_contradict_is_left_out():
    stale = run("b", HITS)
    stale.predictions[0]["scores"]["exact_match"] = 0
    kept, left_out = comparable([run("a", HITS), stale])
    assert names(kept) == [("a", 42)]
    assert "its summary says exact_match 0.7500, its answers 0.5000" in left_out[0].reason


def test_seeds_with_other_settings_are_not_averaged():
    def trained(seed, rate):
        return run("a", HITS, seed=seed, settings={"training": {"learning_rate": rate}})

    kept, left_out = comparable([trained(1, 0.1), trained(2, 0.1), trained(3, 0.2)])
    assert names(kept) == [("a", 1), ("a", 2)]
    assert left_out[0].seed == 3
    assert "training.learning_rate 0.2, not 0.1" in left_out[0].reason


def test_of_two_runs_of_one_recipe_and_seed_the_newer_counts():
    kept, left_out = comparable([run("a", HITS), run("a", [0, 0, 1, 1], age=9)])
    assert [one.predictions[0]["scores"]["exact_match"] for one in kept] == [1]
    assert "an older run of the same recipe and seed" in left_out[0].reason


def test_without_runs_there_is_no_group():
    assert comparable([]) == ([], [])


def test_seeds_that_are_made_of_parts_of_their_own_seeds_are_averaged():
    def fused(seed):
        adapter = {"type": "adapter_fusion", "adapters": [f"runs/{seed}/pfeiffer"]}
        parts = [{"recipe": "pfeiffer", "seed": seed}]
        return run("f", HITS, seed=seed, settings={"adapter": adapter}, parts=parts)

    kept, left_out = comparable([fused(1), fused(2)])
    assert names(kept) == [("f", 1), ("f", 2)] and left_out == []


def test_losses_that_weigh_examples_by_their_tokens_contradict_no_summary():
    one = run("a", [1.0, 3.0], metric="negative_log_likelihood")
    for row, tokens in zip(one.predictions, (3, 1), strict=True):
        row["scores"]["tokens"] = tokens
    one.summary["metrics"]["negative_log_likelihood"]["value"] = 1.5  # (3 * 1.0 + 1 * 3.0) / 4
    assert comparable([one]).left_out == []


def test_a_run_whose_metric_is_no_number_is_left_out_with_the_reason():
    one = run("a", [1.0, 3.0], metric="negative_log_likelihood")
    one.predictions[0]["scores"] |= {"negative_log_likelihood": float("nan"), "tokens": 1}
    one.predictions[1]["scores"]["tokens"] = 1
    assert comparable([one]).left_out[0].reason.endswith("is no number: training diverged")
