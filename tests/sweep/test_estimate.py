"""How long a sweep will take, and how `--dry-run` says it."""

import json

import pytest

from peftline.sweep import estimate, show, state
from peftline.sweep import inputs as starts
from peftline.sweep.point import Point, Result
from peftline.sweep.state import Sweep

TUNING = Point(stage="tuning", recipe="lora", seed=1, settings={"training.learning_rate": 0.01})
FINAL = Point(stage="final", recipe="lora", seed=1)


def point(recipe, stage, seconds, train_seconds, steps, **more):
    facts = {"recipe": recipe, "stage": stage, "seed": 1, "hash": "a", "folder": "a"}
    facts |= {"seconds": seconds, "train_seconds": train_seconds, "steps": steps}
    return Result(**facts | {"status": "finished"} | more)


@pytest.fixture
def left(tmp_path, inputs):
    """A root with runs of recipes and a sweep; `data` and `base` are those of the runs."""

    def make(points=(), summaries=(), data=inputs.tokenised.data_sha256, base=inputs.base.sha256):
        for recipe, train_seconds, steps in summaries:
            folder = tmp_path / "08_reporting" / recipe / "seed-1"
            folder.mkdir(parents=True)
            facts = {"recipe": recipe, "train_seconds": train_seconds, "steps": steps}
            facts |= {"data": {"sha256": data}, "base_model": {"sha256": base}}
            (folder / "summary.json").write_text(json.dumps(facts))
        sweep = Sweep(name="s", data_sha256=data, base_sha256=base, points=list(points))
        state.write(tmp_path / "experiments" / "s", sweep)
        return tmp_path

    return make


def seconds(of, known, inputs):
    changed = starts.changes(of, inputs, {})
    return estimate.seconds(of, starts.recipe(of.recipe, changed, inputs), known, inputs)


def test_a_run_takes_its_steps_and_what_runs_of_its_stage_took_beside(left, inputs):
    points = [
        point("lora", "final", 100.0, 80.0, 40),  # 2 seconds a step, 20 beside
        point("lora", "final", 150.0, 120.0, 40),  # 3 and 30
        point("lora", "tuning", 30.0, 25.0, 10),  # 2.5 and 5
        point("ia3", "final", None, None, None, status="failed"),
    ]
    known = estimate.known(left(points), inputs)
    assert known == ({"lora": 2.5}, {"final": 25.0, "tuning": 5.0})
    assert seconds(FINAL, known, inputs) == 40 * 2.5 + 25
    assert seconds(TUNING, known, inputs) == 10 * 2.5 + 5


def test_a_recipe_that_never_ran_counts_as_the_median_of_the_others(left, inputs):
    root = left(summaries=[("lora", 40.0, 40), ("ia3", 120.0, 40), ("vera", 200.0, 40)])
    known = estimate.known(root, inputs)
    assert known == ({"lora": 1.0, "ia3": 3.0, "vera": 5.0}, {})
    steps = seconds(FINAL.model_copy(update={"recipe": "houlsby"}), known, inputs) / 3.0
    assert steps == int(steps) > 0


@pytest.mark.parametrize("other", [{"data": "other"}, {"base": "other"}])
def test_runs_on_other_data_or_another_base_say_nothing(left, inputs, other):
    root = left([point("lora", "final", 2.0, 1.0, 1)], [("lora", 1.0, 1)], **other)
    known = estimate.known(root, inputs)
    assert known == ({}, {})
    assert seconds(FINAL, known, inputs) is None


def test_a_sweep_that_cannot_be_read_is_left_out_and_named(left, inputs, caplog):
    root = left([point("lora", "final", 100.0, 80.0, 40)])
    state.write(root / "experiments" / "broken", Sweep(name="broken"))
    file = root / "experiments" / "broken" / state.FILE
    file.write_text('{"name": 1')
    assert estimate.known(root, inputs) == ({"lora": 2.0}, {"final": 20.0})
    assert f"Not used to predict times: {file}" in caplog.text


def shown(capsys, points, done, known, inputs, jobs=1):
    show.preview(points, done, known, inputs, jobs)
    return " ".join(capsys.readouterr().out.split())


def test_the_plan_tells_what_is_left_and_its_time(inputs, capsys):
    known = estimate.Known({"lora": 60.0}, {"final": 0.0, "tuning": 0.0})
    finals = [FINAL.model_copy(update={"seed": seed}) for seed in (1, 2, 3)]
    done = [Result(**finals[0].model_dump(), status="finished", hash="a", folder="a")]
    assert "│ final │ lora │ 3 │ 1 │ 80.0 │" in shown(capsys, finals, done, known, inputs)
    assert "Predicted time: 2:00:00 with 1 at a time" in shown(capsys, finals, [], known, inputs)
    text = shown(capsys, [TUNING, *finals], done, known, inputs, jobs=2)
    assert "Predicted time: 0:45:00 with 2 at a time" in text  # (10 + 2 * 40 steps) / 2
    assert "No time is predicted" in shown(capsys, finals, [], estimate.Known({}, {}), inputs)
