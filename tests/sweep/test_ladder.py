import pytest

from peftline.errors import PeftlineError
from peftline.sweep import ladder

LOSSES = {"ia3": 1.0, "lora:1": 0.8, "lora:2": 0.7, "lora:4": 0.695, "lora:8": 0.3}


@pytest.fixture
def climb(inputs, record, fake):
    def run(losses, gain=0.02, seeds=(1, 2)):
        def loss(point):
            rank = point.settings.get("adapter.rank")
            return losses[f"{point.recipe}:{rank}" if rank else point.recipe]

        executor = fake(loss)
        rungs = [ladder.parse(text) for text in losses]
        end = ladder.climb(rungs, seeds, gain, inputs, record, executor)
        return end.chosen, executor.points

    return run


def test_it_stops_at_the_first_rung_that_does_not_gain(climb, record):
    best, points = climb(LOSSES)
    assert best.settings == {"adapter.rank": 2, "adapter.alpha": 4}
    tried = [p.settings.get("adapter.rank") for p in points if p.stage == "tuning"]
    assert tried == [None, 1, 2, 4]  # 4 gains less than two hundredths, 8 is not looked at
    assert record.chosen()["lora"].candidates == 4


def test_the_chosen_one_is_run_whole_with_every_seed(climb):
    _, points = climb(LOSSES)
    assert [(p.seed, p.settings) for p in points if p.stage == "final"] == [
        (seed, {"adapter.rank": 2, "adapter.alpha": 4}) for seed in (1, 2)
    ]


def test_with_no_least_gain_it_goes_on_to_the_top(climb):
    assert climb(LOSSES, gain=0.0)[0].settings["adapter.rank"] == 8


def test_a_smaller_one_that_is_better_stays(climb):
    losses = {"ia3": 0.5, "lora:1": 0.6, "lora:2": 0.55, "lora:4": 0.545, "lora:8": 0.1}
    best, points = climb(losses)
    assert best.recipe == "ia3"
    tried = [p.settings.get("adapter.rank") for p in points if p.stage == "tuning"]
    assert tried == [None, 1, 2, 4]


def test_a_method_that_begins_worse_is_left_only_when_it_stops_gaining(climb):
    best, _ = climb({"ia3": 0.5, "lora:1": 0.6, "lora:2": 0.52, "lora:4": 0.4, "lora:8": 0.399})
    assert best.settings == {"adapter.rank": 4, "adapter.alpha": 8}


def test_a_method_that_stops_gaining_is_left_for_the_next(climb):
    losses = {"lora:1": 0.6, "lora:2": 0.599, "lora:4": 0.1, "ia3": 0.5}
    best, points = climb(losses)
    assert best.recipe == "ia3"
    tried = [(p.recipe, p.settings.get("adapter.rank")) for p in points if p.stage == "tuning"]
    assert tried == [("lora", 1), ("lora", 2), ("ia3", None)]


def test_a_last_rung_that_is_the_best_of_all_is_chosen(climb):
    """It gains too little on its own method to go on, and enough on the other one."""
    best, _ = climb({"ia3": 0.5, "lora:1": 0.52, "lora:2": 0.495, "lora:4": 0.487, "lora:8": 0.1})
    assert best.settings["adapter.rank"] == 4


def test_a_failed_rung_is_stepped_over(climb):
    best, points = climb(
        {"ia3": None, "lora:1": 0.8, "lora:2": None, "lora:4": 0.7, "lora:8": 0.69}
    )
    assert best.settings["adapter.rank"] == 4


def test_where_every_rung_fails_there_is_no_choice(climb):
    best, points = climb({"ia3": None, "lora:1": None})
    assert best is None
    assert [p.stage for p in points] == ["tuning", "tuning"]


@pytest.mark.parametrize("text", ["", ":4", "lora:", "lora:0", "lora:x", "lora:-1"])
def test_what_is_no_rung_is_refused(text):
    with pytest.raises(PeftlineError, match="such as lora:8"):
        ladder.parse(text)


def test_a_rung_that_is_no_recipe_of_that_rank_is_refused_before_anything_runs(inputs):
    ladder.check([ladder.parse("ia3"), ladder.parse("lora:4")], inputs)
    with pytest.raises(PeftlineError, match="ia3.adapter.rank"):
        ladder.check([ladder.parse("lora:4"), ladder.parse("ia3:4")], inputs)
