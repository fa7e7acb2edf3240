"""Real sweeps with the tiny model: a process for each run, tracked, continued after a kill."""

import json
import os
import signal
import subprocess
import sys

import mlflow
import pytest

ASKED = (
    "sweep",
    "--env=test",
    "--name=rates",
    "--recipes=lora",
    "--grid=training.learning_rate=x1,x3",
    "--seeds=1",
    "--params=evaluation.few_shot=0,evaluation.latency=false,lora.training.max_steps=8",
)
# What would differ between two runs of the same.
_OF_TIME = {"seconds", "train_seconds"}

KILLED_WHILE_A_RUN_GOES_ON = """
import os, signal, sys
from kedro.framework.cli.cli import main
from peftline.sweep import launch

real = launch.Launcher._start

def start_and_die(self, *arguments):
    process = real(self, *arguments)
    self.started = getattr(self, "started", 0) + 1
    if self.started == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return process

launch.Launcher._start = start_and_die
sys.argv = ["kedro", *sys.argv[1:]]
main()
"""


def kedro(project, *arguments, worker=("-m", "kedro")):
    return subprocess.run(
        [sys.executable, *worker, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )


def table(project, name="rates"):
    """What the sweep has found, without times."""
    state = json.loads((project / f"data/test/experiments/{name}/sweep.json").read_text())
    points = [
        {key: value for key, value in point.items() if key not in _OF_TIME}
        for point in state["points"]
    ]
    return {"points": points, "chosen": state["chosen"]}


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_ends_as_an_unbroken_one(
    empty_project, tmp_path_factory, project
):
    from tests.conftest import copy_project

    worker = empty_project / "worker.py"
    worker.write_text(KILLED_WHILE_A_RUN_GOES_ON)
    killed = kedro(empty_project, *ASKED, worker=[str(worker)])
    assert killed.returncode == -signal.SIGKILL
    assert [one["status"] for one in table(empty_project)["points"]] == ["finished", "waiting"]

    continued = kedro(empty_project, *ASKED)
    assert continued.returncode == 0, continued.stdout + continued.stderr
    unbroken = copy_project(project, tmp_path_factory.mktemp("unbroken") / "project")
    whole = kedro(unbroken, *ASKED)
    assert whole.returncode == 0, whole.stdout + whole.stderr

    assert table(empty_project) == table(unbroken)
    points = table(unbroken)["points"]
    assert [(one["stage"], one["seed"], one["status"]) for one in points] == [
        ("tuning", 1, "finished"),
        ("tuning", 1, "finished"),
        ("final", 1, "finished"),
    ]
    best = min(points[:2], key=lambda one: one["score"])["settings"]
    assert points[2]["settings"] == best
    chosen = table(unbroken)["chosen"]["lora"]
    assert (chosen["settings"], chosen["candidates"]) == (best, 2)
    assert "that was tried. A wider grid may find a better one" in " ".join(whole.stdout.split())
    check_files(unbroken, points)
    check_tracking(unbroken)

    planned = kedro(unbroken, *ASKED, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "Predicted time: 0:00:00" in planned.stdout


def check_files(folder, points):
    """A tuning run has not read the test split; a whole one has, and left an adapter."""
    for point in points:
        run = folder / "data/test/experiments/rates" / point["folder"]
        place = f"lora/seed-{point['seed']}"
        final = point["stage"] == "final"
        assert (run / f"07_model_output/{place}/predictions.jsonl").exists() == final
        assert (run / f"08_reporting/{place}/summary.json").exists() == final
        assert (run / f"06_models/{place}/adapter").exists() == final
        assert not (run / f"06_models/{place}/merged").exists()


def check_tracking(folder):
    """One run above the others."""
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = mlflow.get_experiment_by_name("peftline-test")
    runs = mlflow.search_runs([experiment.experiment_id], output_format="list")
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert [run.info.run_name for run in parents] == ["rates"]
    assert parents[0].data.params["selection"] == "validation_loss"
    nested = [run for run in runs if run.data.tags.get("mlflow.parentRunId")]
    assert {run.data.tags["mlflow.parentRunId"] for run in nested} == {parents[0].info.run_id}
    assert sorted(run.data.tags["stage"] for run in nested) == ["final", "tuning", "tuning"]
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_all_that_is_wrong_is_named_before_anything_runs(empty_project):
    folder = empty_project / "notebooks"
    folder.mkdir()
    (folder / "mine.jsonl").touch()
    params = "--params=seed=1,preflight_recipe=lora,data.source=mine.jsonl"
    done = kedro(folder, "sweep", "--name=../x", "--recipes=lorra", params)
    assert done.returncode == 1
    assert "No recipe 'lorra'. Did you mean 'lora'?" in done.stderr
    assert "'../x' is no name for a sweep" in done.stderr
    assert "sets preflight_recipe, seed, which a sweep gives to its runs: use --name" in done.stderr
    assert f"Give the whole path: data.source={folder / 'mine.jsonl'}" in done.stderr
    assert not (empty_project / "data").exists()


def test_data_that_cannot_be_prepared_say_why_before_anything_is_trained(empty_project):
    asked = ["--name=none", "--recipes=lora", "--params=data.source=missing.jsonl"]
    done = kedro(empty_project, "sweep", "--env=test", *asked)
    assert done.returncode == 1
    assert "Data and base could not be prepared: " in done.stderr
    assert "missing.jsonl" in done.stderr and "log.txt" in done.stderr
    assert not (empty_project / "data/test/experiments/none/sweep.json").exists()


@pytest.mark.slow
def test_a_ladder_ends_on_a_rung_and_runs_it_whole(empty_project):
    done = kedro(
        empty_project,
        "ladder",
        "--env=test",
        "--name=rungs",
        "--rungs=lora:1,lora:2",
        "--gain=0.9",
        "--params=evaluation.few_shot=0,evaluation.latency=false,lora.training.max_steps=4",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--params=lora.adapter.rank=1,lora.adapter.alpha=2" in done.stdout
    points = table(empty_project, "rungs")["points"]
    assert [(one["stage"], one["settings"]["adapter.rank"]) for one in points] == [
        ("tuning", 1),
        ("tuning", 2),
        ("final", 1),
    ]
