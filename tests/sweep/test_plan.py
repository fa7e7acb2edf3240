import pytest

from peftline.errors import PeftlineError
from peftline.sweep import plan, space
from peftline.sweep.plan import Plan
from peftline.sweep.point import Chosen, Point
from peftline.sweep.record import Record
from peftline.sweep.state import Sweep

RATE = "training.learning_rate"


@pytest.fixture
def sweep(inputs, record, fake):
    """Run a plan; the points in their order."""

    def run(score=lambda point: 1.0, inputs=inputs, jobs=1, **asked):
        executor = fake(score)
        values = {"seeds": [1, 2]} | asked
        values["axes"] = [space.parse(text) for text in asked.get("axes", ())]
        plan.check(Plan(**values), inputs, record)
        plan.run(Plan(**values), inputs, record, executor, jobs)
        return executor.points

    return run


def test_without_a_grid_each_recipe_is_run_as_it_stands(sweep):
    points = sweep(recipes=["lora", "ia3"])
    assert [(p.stage, p.recipe, p.seed, p.settings) for p in points] == [
        ("final", recipe, seed, {}) for recipe in ("lora", "ia3") for seed in (1, 2)
    ]


def test_the_winner_on_validation_is_run_whole_with_every_seed(sweep, record):
    points = sweep(
        lambda p: abs(p.settings[RATE] - 5e-4), recipes=["lora"], axes=[f"{RATE}=1e-4,5e-4,1e-3"]
    )
    assert [(p.stage, p.seed, p.settings[RATE]) for p in points] == [
        ("tuning", 1, 1e-4),
        ("tuning", 1, 5e-4),
        ("tuning", 1, 1e-3),
        ("final", 1, 5e-4),
        ("final", 2, 5e-4),
    ]
    assert record.chosen() == {"lora": Chosen(settings={RATE: 5e-4}, candidates=3)}


def test_the_best_at_the_edge_of_a_grid_is_remembered_as_such(sweep, record):
    sweep(lambda p: p.settings[RATE], recipes=["lora"], axes=[f"{RATE}=1e-4,5e-4,1e-3"])
    assert record.chosen()["lora"].edges == {RATE: "smallest"}


def test_of_a_metric_the_highest_wins(sweep, inputs):
    by_metric = inputs.model_copy(update={"selection": "exact_match"})
    points = sweep(
        lambda p: p.settings[RATE], by_metric, recipes=["lora"], axes=[f"{RATE}=0.1,0.3,0.2"]
    )
    assert points[-1].settings == {RATE: 0.3}


def test_of_a_likelihood_the_lowest_wins(sweep, inputs):
    by_loss = inputs.model_copy(update={"selection": "negative_log_likelihood"})
    axes = [f"{RATE}=0.1,0.3,0.2"]
    assert sweep(lambda p: p.settings[RATE], by_loss, recipes=["lora"], axes=axes)[-1].settings == {
        RATE: 0.1
    }


def test_a_range_is_searched_for_as_many_trials_as_wanted(sweep):
    points = sweep(
        lambda p: p.settings[RATE], recipes=["lora"], axes=[f"{RATE}=x0.1..x10"], trials=5
    )
    tried = [p.settings[RATE] for p in points if p.stage == "tuning"]
    assert len(set(tried)) == 5 and all(2e-4 <= rate <= 2e-2 for rate in tried)
    assert points[-1].settings == {RATE: min(tried)}


def test_settings_that_make_a_recipe_impossible_are_refused_before_anything_runs(sweep):
    with pytest.raises(PeftlineError, match="adapter.rank"):
        sweep(lambda p: pytest.fail("it ran"), recipes=["lora"], axes=["adapter.rank=4,-1"])
    with pytest.raises(PeftlineError, match="warmup_share"):
        sweep(
            lambda p: pytest.fail("it ran"), recipes=["ia3"], axes=["training.warmup_share=0.1..3"]
        )


def test_a_failed_setting_is_not_chosen(sweep):
    points = sweep(
        lambda p: None if p.settings[RATE] < 0.2 else 1.0,
        recipes=["lora"],
        axes=[f"{RATE}=0.1,0.2"],
    )
    assert points[-1].settings == {RATE: 0.2}


def test_where_every_setting_fails_nothing_reads_the_test_split(sweep):
    points = sweep(lambda p: None, recipes=["lora", "ia3"], axes=[f"{RATE}=0.1,0.2"])
    assert [p.stage for p in points] == ["tuning"] * 4


def test_multiples_are_of_each_recipes_own_rate(sweep):
    points = sweep(recipes=["lora", "ia3"], axes=[f"{RATE}=x1,x2"], seeds=[1])
    tried = {(p.recipe, p.settings[RATE]) for p in points if p.stage == "tuning"}
    assert tried == {("lora", 2e-3), ("lora", 4e-3), ("ia3", 0.02), ("ia3", 0.04)}


def test_several_at_a_time_try_the_same(sweep):
    asked = {"recipes": ["lora", "ia3"], "axes": [f"{RATE}=x1,x2"]}
    one, two = sweep(**asked), sweep(**asked, jobs=2)
    assert sorted(map(str, one)) == sorted(map(str, two))


def test_what_is_made_of_others_comes_after_them(sweep):
    points = sweep(recipes=["fusion", "lora", "houlsby"], seeds=[1])
    assert [p.recipe for p in points] == ["lora", "houlsby", "fusion"]


def test_what_is_made_of_others_is_refused_without_them(sweep):
    with pytest.raises(PeftlineError, match="Add houlsby to --recipes"):
        sweep(recipes=["fusion", "lora"])


def test_but_accepted_after_a_sitting_that_has_run_them_with_every_seed(
    record, inputs, fake, tmp_path
):
    executor = fake(lambda point: 1.0)
    for seed in (1, 2):
        record.add(executor.complete(Point(stage="final", recipe="houlsby", seed=seed)))
    keys = {one.seed: one.hash for one in record.results()}
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    later.take_over(["fusion", "lora"], lambda point: keys[point.seed])
    plan.check(Plan(recipes=["fusion", "lora"], seeds=[1, 2]), inputs, later)
    with pytest.raises(PeftlineError, match="Add houlsby to --recipes"):
        plan.check(Plan(recipes=["fusion", "lora"], seeds=[1, 2, 3]), inputs, later)
    changed = Record(tmp_path / "sweep", Sweep(name="test"))
    changed.take_over(["fusion", "lora"], lambda point: "changed since")
    with pytest.raises(PeftlineError, match="Add houlsby to --recipes"):
        plan.check(Plan(recipes=["fusion", "lora"], seeds=[1, 2]), inputs, changed)


def test_a_wrong_setting_is_refused_before_anything_runs(sweep, fake):
    with pytest.raises(PeftlineError, match="ia3 has no setting 'adapter.rank'"):
        sweep(lambda p: pytest.fail("it ran"), recipes=["lora", "ia3"], axes=["adapter.rank=1,2"])


def test_an_error_stops_the_others(inputs, record, fake):
    def broken(point):
        raise InterruptedError

    executor = fake(broken)
    with pytest.raises(InterruptedError):
        plan.run(Plan(recipes=["lora", "ia3"], seeds=[1]), inputs, record, executor, 2)
    assert executor.stopped


def test_the_plan_counts_what_will_be_run(inputs):
    asked = Plan(recipes=["lora", "ia3"], seeds=[1, 2], axes=[space.parse(f"{RATE}=x1,x2,x3")])
    stages = [(p.stage, p.recipe) for p in plan.points(asked, inputs)]
    for recipe in ("lora", "ia3"):
        assert stages.count(("tuning", recipe)) == 3
        assert stages.count(("final", recipe)) == 2
