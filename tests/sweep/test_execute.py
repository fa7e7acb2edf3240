"""What a point's run is given, what is read from it, and when it counts as done."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import yaml

from peftline.delivery import adapter
from peftline.errors import PeftlineError
from peftline.sweep.execute import Executor
from peftline.sweep.launch import Ended
from peftline.sweep.point import Point
from peftline.sweep.record import Record
from peftline.sweep.state import Sweep

TUNING = Point(stage="tuning", recipe="lora", seed=1, settings={"training.learning_rate": 0.01})
FINAL = Point(stage="final", recipe="lora", seed=1)
IA3 = Point(stage="final", recipe="ia3", seed=1)


class Launched:
    """Leaves what a run would leave, or fails."""

    def __init__(self, code=0, loss=0.5, log="", metrics=None, data=None):
        self.code, self.loss, self.log, self.metrics = code, loss, log, metrics
        self.data = data
        self.calls = []

    def run(self, folder, arguments, tags):
        self.calls.append((folder, arguments, tags))
        recipe = arguments["pipelines"]
        run = f"{recipe}/seed-{arguments['params']['seed']}"
        for place in ("08_reporting", "07_model_output", "06_models"):
            (folder / place / run).mkdir(parents=True, exist_ok=True)
        for place, sha256 in (
            ("03_primary/splits", self.data),
            ("06_models/base/base_model", None),
        ):
            file = folder / f"{place}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"sha256": sha256 or self.base}))
        for model in ("adapter", "merged"):
            (folder / "06_models" / run / model).mkdir(exist_ok=True)
        history = {"validation_loss": self.loss, "train_seconds": 3.0, "steps": 10}
        (folder / "08_reporting" / run / "history.json").write_text(json.dumps(history))
        if self.metrics:
            place = folder / "07_model_output" / run / "validation_metrics.json"
            place.write_text(json.dumps(self.metrics))
        (folder / "log.txt").write_text(self.log)
        return Ended(self.code, seconds=5.0)


@pytest.fixture
def execute(inputs, record, tmp_path):
    def make(launched=None, retry_failed=False, **changes):
        changed = inputs.model_copy(update=changes)
        if launched:
            launched.base = inputs.base.sha256
            launched.data = launched.data or inputs.tokenised.data_sha256
        return Executor(tmp_path / "sweep", "try", changed, record, launched, retry_failed)

    return make


def test_a_finished_run_gives_its_score_and_cost(execute):
    result = execute(Launched(loss=0.25)).complete(TUNING)
    assert (result.status, result.score, result.train_seconds, result.steps) == (
        "finished",
        0.25,
        3.0,
        10,
    )
    assert result.seconds == 5.0 and result.error is None


def test_a_tuning_run_is_short_and_ends_before_the_test_split_is_read(execute):
    launched = Launched()
    execute(launched).complete(TUNING)
    _, arguments, tags = launched.calls[0]
    assert arguments["to_nodes"] == "lora.train,lora.plot"
    assert arguments["params"]["lora"]["training"] == {"learning_rate": 0.01, "max_steps": 10}
    assert tags["stage"] == "tuning" and tags["sweep"] == "try"


def test_a_final_run_is_whole(execute):
    launched = Launched()
    result = execute(launched).complete(FINAL)
    _, arguments, _ = launched.calls[0]
    assert "to_nodes" not in arguments
    assert arguments["params"]["lora"] == {}
    assert arguments["params"]["experiment"] == f"try/{result.hash}"


def test_a_share_of_epochs_shortens_recipes_without_a_number_of_steps(execute):
    launched = Launched()
    execute(launched).complete(Point(stage="tuning", recipe="ia3", seed=1))
    assert launched.calls[0][1]["params"]["ia3"]["training"] == {"epochs": 0.25}


def test_parameters_of_other_recipes_are_kept_from_a_run(execute):
    launched = Launched()
    params = {"data": {"test_rows": 9}, "lora": {"training": {"batch_size": 2}}, "ia3": {"x": 1}}
    execute(launched, params=params).complete(FINAL)
    given = launched.calls[0][1]["params"]
    assert given["data"] == {"test_rows": 9} and "ia3" not in given
    assert given["lora"] == {"training": {"batch_size": 2}}


def test_a_metric_is_measured_on_validation(execute):
    launched = Launched(metrics={"exact_match": {"value": 0.75}})
    result = execute(launched, selection="exact_match").complete(TUNING)
    assert result.score == 0.75
    _, arguments, _ = launched.calls[0]
    assert arguments["params"]["evaluation"] == {"validation": True}
    assert arguments["to_nodes"].endswith("lora.validate_answers")


def test_a_failed_run_is_an_outcome_with_its_reason(execute, record):
    log = "INFO training\nError: rows.jsonl, row 3: field 'output' is empty.\nFill it in.\n"
    result = execute(Launched(code=1, log=log)).complete(FINAL)
    assert result.status == "failed" and result.score is None
    assert result.error == "rows.jsonl, row 3: field 'output' is empty. Fill it in."
    assert record.results() == [result]


@pytest.mark.parametrize("loss", [float("nan"), None])
def test_a_loss_that_is_no_number_is_a_failure(execute, loss):
    result = execute(Launched(loss=loss)).complete(FINAL)
    assert result.status == "failed"
    assert result.error == "the validation loss is no number: the training diverged"


def test_models_that_can_be_spared_are_removed(execute, tmp_path):
    executor = execute(Launched())
    tuned, whole = executor.complete(TUNING), executor.complete(FINAL)
    models = "06_models/lora/seed-1"
    assert not (tmp_path / "sweep" / tuned.folder / models).exists()
    assert [p.name for p in (tmp_path / "sweep" / whole.folder / models).iterdir()] == ["adapter"]


def test_a_finished_point_is_not_run_again(execute, inputs, tmp_path):
    before = execute(Launched()).complete(FINAL)
    second = Launched()
    again = Record(tmp_path / "sweep", Sweep(name="test"))
    executor = Executor(tmp_path / "sweep", "try", inputs, again, second)
    assert executor.complete(FINAL) == before
    assert not second.calls


def test_what_the_file_says_as_well_is_one_run_under_the_settings_asked_for(execute, record):
    """Or the seeds of one configuration would be two rows of the table."""
    launched = Launched()
    executor = execute(launched)
    plain = executor.complete(FINAL)
    default = {"training.max_steps": 40}
    again = executor.complete(FINAL.model_copy(update={"settings": default}))
    assert len(launched.calls) == 1
    assert (plain.settings, again.settings) == ({}, default)
    assert record.results() == [again]


def test_recipes_of_equal_content_are_runs_of_their_own(execute, inputs):
    launched = Launched()
    recipes = {"lora": inputs.recipes["lora"], "my_lora": inputs.recipes["lora"]}
    executor = execute(launched, recipes=recipes)
    ours = executor.complete(FINAL.model_copy(update={"recipe": "my_lora"}))
    assert ours.hash != executor.complete(FINAL).hash and len(launched.calls) == 2


def test_equal_runs_at_the_same_time_are_one(execute, monkeypatch):
    launched = Launched()
    executor = execute(launched)
    all_claim, claim = Barrier(4, timeout=30), executor._claim

    def claimed(key):
        all_claim.wait()
        return claim(key)

    monkeypatch.setattr(executor, "_claim", claimed)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(executor.complete, [TUNING] * 4))
    assert len(launched.calls) == 1 and len({one.model_dump_json() for one in results}) == 1


@pytest.mark.parametrize(("code", "status"), [(0, "finished"), (1, "failed")])
def test_a_run_that_outlived_its_sweep_is_not_made_again(execute, tmp_path, code, status):
    """The sweep was killed; its run came to its end, but nobody wrote down what came of it."""
    before = execute(Launched(log="Error: x")).complete(FINAL)
    folder = tmp_path / "sweep" / before.folder
    (folder / "point.json").unlink()
    (folder / "ended.json").write_text(json.dumps({"code": code, "seconds": 7.04}))
    launched = Launched()
    result = execute(launched).complete(FINAL)
    assert not launched.calls
    assert (result.status, result.seconds) == (status, 7.0)
    (folder / "point.json").unlink()
    (folder / "ended.json").write_text("")  # cut short by a power cut
    execute(launched).complete(FINAL)
    assert len(launched.calls) == 1


def test_a_failed_point_is_run_again_if_that_is_wanted(execute):
    assert execute(Launched(code=1, log="Error: x")).complete(FINAL).status == "failed"
    assert execute(Launched()).complete(FINAL).status == "failed"
    assert execute(Launched(), retry_failed=True).complete(FINAL).status == "finished"


def test_a_run_about_other_data_than_the_sweeps_is_a_failure(execute):
    result = execute(Launched(data="replaced meanwhile")).complete(FINAL)
    assert result.status == "failed"
    assert result.error == "changed while the sweep ran: 03_primary/splits.json"


def test_a_run_that_was_killed_says_by_what(execute):
    result = execute(Launched(code=-9, log="step 3 of 10")).complete(FINAL)
    assert result.error == "killed by signal 9, often for want of memory"


def keys(execute, **changes):
    executor = execute(**changes)
    return {point.recipe: executor.key(point) for point in (FINAL, IA3)}


def stale(execute, inputs, **changes):
    before, after = keys(execute), keys(execute, **changes)
    return {recipe for recipe in before if before[recipe] != after[recipe]}


def test_a_parameter_of_one_recipe_makes_that_one_stale(execute, inputs):
    recipes = inputs.recipes | {"ia3": {"adapter": {"type": "ia3"}, "training": {"batch_size": 3}}}
    assert stale(execute, inputs, recipes=recipes) == {"ia3"}


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("adapters/lora.py", {"lora"}),
        ("adapters/ia3.py", {"ia3"}),
        ("adapters/vera.py", set()),
        ("trainer.py", {"lora", "ia3"}),
        ("reports/summary.py", set()),
    ],
)
def test_a_change_of_source_makes_stale_what_is_trained_with_it(
    execute, change_source, module, changed
):
    before = keys(execute)
    change_source(module)
    after = keys(execute)
    assert {recipe for recipe in before if before[recipe] != after[recipe]} == changed


def test_what_is_known_of_other_runs_makes_none_stale(execute, inputs):
    known = inputs.evaluation.model_copy(update={"run_deviation": 0.03})
    assert stale(execute, inputs, evaluation=known) == set()


@pytest.mark.parametrize("what", ["data", "test split", "base", "answers"])
def test_what_all_share_makes_all_stale(execute, inputs, what):
    other = {"sha256": "other"}
    test = {"data_sha256": "other"}
    change = {
        "data": {"tokenised": inputs.tokenised.model_copy(update=other)},  # data or template
        "test split": {"tokenised": inputs.tokenised.model_copy(update=test)},
        "base": {"base": inputs.base.model_copy(update=other)},
        "answers": {"evaluation": inputs.evaluation.model_copy(update={"max_new_tokens": 9})},
    }[what]
    assert stale(execute, inputs, **change) == {"lora", "ia3"}


def test_how_answers_are_made_does_not_concern_what_is_chosen_by_loss(execute, inputs):
    other = inputs.evaluation.model_copy(update={"max_new_tokens": 9})
    assert execute().key(TUNING) == execute(evaluation=other).key(TUNING)
    by_metric = {"selection": "exact_match"}
    assert execute(**by_metric).key(TUNING) != execute(selection="rouge_l").key(TUNING)
    assert execute(**by_metric).key(FINAL) == execute(selection="rouge_l").key(FINAL)
    assert execute(**by_metric).key(TUNING) != execute(evaluation=other, **by_metric).key(TUNING)


def test_where_files_lie_does_not_matter(execute, inputs, tmp_path):
    moved = inputs.tokenised.model_copy(update={"path": tmp_path})
    assert stale(execute, inputs, tokenised=moved) == set()


def test_what_is_made_of_others_is_given_their_adapters_of_the_same_seed(
    execute, inputs, trained_lora, monkeypatch, tmp_path
):
    launched = Launched()
    executor = execute(launched)
    made = {
        name: executor.complete(Point(stage="final", recipe=name, seed=1))
        for name in ("lora", "houlsby")
    }
    monkeypatch.setattr(adapter, "describe", lambda folder: trained_lora.handle)
    executor.complete(Point(stage="final", recipe="fusion", seed=1))
    given = yaml.safe_load(yaml.safe_dump(launched.calls[-1][1]))["params"]["fusion"]
    assert given["adapter"]["adapters"] == [
        str(tmp_path / "sweep" / made[name].folder / f"06_models/{name}/seed-1/adapter")
        for name in ("houlsby", "lora")
    ]


def test_what_is_made_of_a_part_that_failed_is_a_failure_of_this_sitting(execute, tmp_path):
    launched = Launched()
    executor = execute(launched)
    executor.complete(Point(stage="final", recipe="lora", seed=1))
    result = executor.complete(Point(stage="final", recipe="fusion", seed=1))
    assert result.status == "failed" and len(launched.calls) == 1
    assert "made of houlsby, of which there is no finished run" in result.error
    assert not (tmp_path / "sweep" / result.folder).exists()


def test_what_has_its_parts_in_a_later_sitting_leaves_no_failure_behind(execute, tmp_path):
    lacking = execute(Launched()).complete(Point(stage="final", recipe="fusion", seed=1))
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    later.add(lacking.model_copy(update={"hash": "other", "status": "finished", "seconds": 1.0}))
    state = json.loads((tmp_path / "sweep/sweep.json").read_text())
    assert [one["hash"] for one in state["points"]] == ["other"] and state["outdated"] == []


def test_a_later_sitting_knows_the_parts_of_a_former_one(
    execute, inputs, trained_lora, monkeypatch, tmp_path
):
    def described(folder):
        if not folder.is_dir():
            raise PeftlineError(f"{folder}: there is no adapter.")
        return trained_lora.handle

    monkeypatch.setattr(adapter, "describe", described)
    executor = execute(Launched())
    for name in ("lora", "houlsby", "fusion"):
        executor.complete(Point(stage="final", recipe=name, seed=1))
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    key = Executor(tmp_path / "sweep", "try", inputs, later).key
    later.take_over(["ia3"], key, made_of_others=["fusion"])
    assert {one.recipe for one in later.results()} == {"lora", "houlsby", "fusion"}


@pytest.mark.parametrize("point", [TUNING, FINAL])
def test_a_recipe_whose_file_is_gone_has_no_valid_runs(execute, inputs, point):
    left = {name: one for name, one in inputs.recipes.items() if name != "lora"}
    with pytest.raises(PeftlineError, match="No recipe 'lora'"):
        execute(recipes=left).key(point)
