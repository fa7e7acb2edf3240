"""Parameters are checked before anything runs; a killed run is told from a failed one."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

from peftline import paths
from peftline.errors import PeftlineError
from peftline.signals import terminate_as_exit


def statuses(project):
    mlflow.set_tracking_uri(f"sqlite:///{project / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("peftline-test")
    return [run.info.status for run in client.search_runs([experiment.experiment_id])]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lora": {"training": {"learning_rte": 1}}}, "'lora.training.learning_rate'"),
        ({"lorra": {"training": {"max_steps": 1}}}, "Unknown parameter 'lorra.training.max_steps'"),
        ({"qlora": {"training": {"max_steps": 1}}}, "does not read 'qlora'. It is read by qlora"),
        ({"preflight_recipe": "lora"}, "does not read 'preflight_recipe'"),
        ({"predict": {"recipe": "lora"}}, "does not read 'predict'. It is read by predict."),
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


@pytest.mark.parametrize(
    "how",
    [("--pipelines=compare", "--params=seed=7"), ("--pipeline=compare", "--config=run.yml")],
)
def test_what_is_ignored_is_refused_on_the_command_line_and_in_its_file(empty_project, how):
    (empty_project / "run.yml").write_text("run: {params: {seed: 7}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env=test", *how],
        cwd=empty_project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Parameter 'seed' would have no effect: compare does not read 'seed'." in done.stderr
    assert "every recipe" in done.stderr


ROWS = [{"instruction": f"Add {i} and 1.", "output": str(i + 1)} for i in range(40)]


@pytest.fixture
def elsewhere(empty_project, monkeypatch):
    """Work in a folder outside the project, which has rows; the project has its own."""
    write(empty_project / "rows/mine.jsonl", ROWS)
    folder = empty_project.parent / "elsewhere"
    write(folder / "rows/mine.jsonl", ROWS[:20])
    write(folder / "rows/theirs.jsonl", ROWS)
    monkeypatch.chdir(folder)
    return folder


def write(file, rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def in_session(project, *names, to_nodes=None, **given):
    """As `run`, without going to the project first."""
    bootstrap_project(project)
    with settings.SESSION_CLASS.create(project, env="test", runtime_params=given) as session:
        return session.run(pipeline_names=list(names), to_nodes=to_nodes)


def test_relative_paths_are_those_of_the_project_from_everywhere(empty_project, elsewhere):
    def read(**data):
        in_session(empty_project, "data", to_nodes=["ingest"], data=data)
        raw = json.loads((empty_project / "data/test/01_raw/raw.json").read_text())
        return raw["rows"], raw["sha256"]

    (empty_project / "notebooks").mkdir()
    found = [read(source=source) for source in ("rows", "rows/m*")]
    found.append(read(mixture=[{"source": "rows/mine.jsonl"}]))
    for folder in (elsewhere, empty_project, empty_project / "notebooks"):
        with contextlib.chdir(folder):
            found.append(read(source="rows/mine.jsonl"))
            assert Path.cwd() == folder
    assert len(found) == 6 and set(found) == {found[0]}
    assert found[0][0] == 40
    assert not (elsewhere / "data").exists()


THEIRS = "rows/theirs.jsonl"


@pytest.mark.parametrize(
    ("pipeline", "name", "given"),
    [
        ("data", "data.source", {"data": {"source": THEIRS}}),
        ("data", "data.source", {"data": {"source": "rows/th*.jsonl"}}),
        ("data", "data.mixture", {"data": {"mixture": [{"source": THEIRS}]}}),
        ("data", "data.benchmark", {"data": {"benchmark": THEIRS}}),
        ("base", "base_model.source", {"base_model": {"source": THEIRS}}),
        ("lora", "evaluation.general_text", {"evaluation": {"general_text": THEIRS}}),
        ("predict", "predict.input", {"predict": {"input": THEIRS, "recipe": "lora"}}),
        (
            "adapter_fusion",
            "adapter_fusion.adapter.adapters",
            {"adapter_fusion": {"adapter": {"adapters": [THEIRS]}}},
        ),
    ],
)
def test_a_file_that_lies_where_one_stands_and_not_in_the_project_is_named_with_its_whole_path(
    empty_project, elsewhere, pipeline, name, given
):
    with pytest.raises(PeftlineError) as raised:
        in_session(empty_project, pipeline, **given)
    assert f"Parameter '{name}'" in str(raised.value)
    assert f"begin at the project ({empty_project})" in str(raised.value)
    assert f"{name}={elsewhere}/rows/th" in str(raised.value)
    assert not (empty_project / "data").exists()


def test_a_name_that_is_built_in_is_no_path(empty_project, elsewhere):
    (elsewhere / "tiny").mkdir()
    given = {"base_model": {"source": "tiny"}, "data": {"source": "tool_calls"}}
    assert paths.misplaced(given, empty_project) == []


def test_a_configuration_elsewhere_may_be_named_from_where_one_stands(empty_project, elsewhere):
    shutil.copytree(empty_project / "conf", elsewhere / "other")
    sizes = elsewhere / "other/test/globals.yml"
    sizes.write_text(sizes.read_text().replace("train_rows: 24", "train_rows: 20"))
    bootstrap_project(empty_project)
    create = settings.SESSION_CLASS.create
    with create(empty_project, env="test", conf_source="other") as session:
        session.run(pipeline_names=["data"])
    splits = json.loads((empty_project / "data/test/03_primary/splits.json").read_text())
    assert splits["train"] == 20


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
