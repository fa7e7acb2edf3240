"""Parameters are checked before anything runs; a killed run is told from a failed one."""

import os
import signal
import subprocess
import sys

import mlflow
import pytest

from peftline.errors import PeftlineError
from peftline.signals import terminate_as_exit


def statuses(project):
    mlflow.set_tracking_uri(f"sqlite:///{project / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("peftline")
    return [run.info.status for run in client.search_runs([experiment.experiment_id])]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lora": {"training": {"learning_rte": 1}}}, "'lora.training.learning_rate'"),
        ({"lorra": {"training": {"max_steps": 1}}}, "Unknown parameter 'lorra.training.max_steps'"),
        ({"qlora": {"training": {"max_steps": 1}}}, "does not read 'qlora'"),
        ({"experiment": "../x"}, "'experiment' is '../x'"),
        ({"data": {"sorce": "x"}}, "Did you mean 'data.source'"),
        ({"experimant": "x"}, "Did you mean 'experiment'"),
        ({"lora": {"adapter": {"rank": "big"}}}, "'lora.adapter.rank' is 'big'"),
        ({"lora": {"adapter": {"type": "lorax"}}}, "'lora.adapter.type' is 'lorax'"),
        ({"seed": "one"}, "'seed' is 'one'"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(empty_project, run, params, message):
    with pytest.raises(PeftlineError, match="Parameter|parameter") as raised:
        run(empty_project, "lora", **params)
    assert message in str(raised.value)
    assert not (empty_project / "data").exists()
    assert not (empty_project / "mlflow.db").exists() or statuses(empty_project) == []


def test_an_unknown_recipe_is_refused_with_the_nearest(empty_project, run):
    with pytest.raises(ValueError, match="qlora"):
        run(empty_project, "qlorra")


@pytest.mark.parametrize(
    ("name", "hint"), [("nosuch", "Known: "), ("qlorra", "Did you mean 'qlora'?")]
)
def test_an_unknown_recipe_to_look_at_is_refused_with_the_known_ones(
    empty_project, run, name, hint
):
    with pytest.raises(PeftlineError) as raised:
        run(empty_project, "preflight", preflight_recipe=name)
    assert f"'preflight_recipe' is '{name}': no such recipe. {hint}" in str(raised.value)
    assert not (empty_project / "data").exists()


def test_a_failed_run_ends_as_failed(empty_project, run):
    with pytest.raises(PeftlineError, match="No .* example is left"):
        run(empty_project, "lora", rendering={"max_length_tokens": 16})
    assert statuses(empty_project) == ["FAILED"]
    assert mlflow.active_run() is None


WORKER = """
import os, signal, sys
from kedro.framework.cli.cli import main
from peftline import progress

signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and under nohup this one
kill = getattr(signal, sys.argv[1])
real = progress.History._add

def interrupting(self, logs, step, epoch):
    real(self, logs, step, epoch)
    if step >= 4:
        os.kill(os.getpid(), kill)

progress.History._add = interrupting
sys.argv = ["kedro", "run", "--env=test", "--pipeline=lora",
    "--params=lora.training.max_steps=6,lora.training.checkpoints=6"]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_run_ends_as_killed_and_can_be_resumed(empty_project, run, how, caplog):
    worker = empty_project / "worker.py"
    worker.write_text(WORKER)
    done = subprocess.run(
        [sys.executable, str(worker), how],
        cwd=empty_project,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode != 0, done.stdout
    assert statuses(empty_project) == ["KILLED"]
    checkpoints = empty_project / "data/test/06_models/lora/seed-42/checkpoints"
    assert [path.name for path in checkpoints.glob("checkpoint-*")] in (
        ["checkpoint-3"],
        ["checkpoint-4"],
    )
    with caplog.at_level("WARNING"):
        run(empty_project, "lora", lora={"training": {"max_steps": 6, "checkpoints": 6}})
    assert "Resuming from checkpoint-" in caplog.text
    assert not checkpoints.exists()
    assert sorted(statuses(empty_project)) == ["FINISHED", "KILLED"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_is_ignored_from_outside_stays_ignored():
    """`nohup` has the closing of a terminal ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminate_as_exit():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGHUP, before)
