"""Every recipe from data to summary, through Kedro sessions, with a real tracking store."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

REPRODUCE = Path(__file__).parents[2] / "benchmarks/reproduce.py"
RECIPES = ("lora", "qlora")
SUMMARY_KEYS = set(
    "recipe objective start_from seed status verdict metric_set scoring_sha256 metrics "
    "metrics_quantized metrics_unquantized scored_on scored_on_reason base_metrics not_asked "
    "validation_metrics base_scores_sha256 forgetting merge trainable_parameters "
    "total_parameters adapter_bytes peak_memory_bytes train_seconds tokens_per_second tokens "
    "steps train_loss validation_loss data base_model rendering parts input_hash hardware "
    "versions git_sha health generation few_shot_draws settings evaluation".split()
)


def summary_of(project, recipe, root="data/test", seed=42):
    file = project / root / "08_reporting" / recipe / f"seed-{seed}" / "summary.json"
    return json.loads(file.read_text())


def base_folder(project):
    file = project / "data/test/06_models/base/base_model.json"
    return file.parent / json.loads(file.read_text())["path"]


def model_folder(project, recipe, kind):
    return project / "data/test/06_models" / recipe / "seed-42" / kind


@pytest.fixture
def tracked(tiny_project):
    mlflow.set_tracking_uri(f"sqlite:///{tiny_project / 'mlflow.db'}")
    return mlflow.MlflowClient()


def runs_of(client, recipe):
    experiment = client.get_experiment_by_name("peftline-test")
    return client.search_runs([experiment.experiment_id], f"tags.recipe = '{recipe}'")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_leaves_a_complete_summary(tiny_project, recipe):
    summary = summary_of(tiny_project, recipe)
    assert set(summary) == SUMMARY_KEYS
    assert summary["recipe"] == recipe and summary["status"] == "finished"
    assert summary["data"]["test"] == 8 and summary["metrics"]["exact_match"]["n"] == 8
    assert summary["merge"]["verified"] is True
    for beside in ("metrics_quantized", "metrics_unquantized"):
        assert (summary[beside] is not None) == (recipe == "qlora")
    assert summary["scored_on"] == "unquantized"
    assert recipe in summary["verdict"]
    assert summary["versions"]["peft"] and len(summary["input_hash"]) == 64


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_summary_says_what_training_has_cost_and_what_went_wrong(tiny_project, recipe):
    summary = summary_of(tiny_project, recipe)
    forgetting, generation = summary["forgetting"], summary["generation"]
    assert forgetting["difference"]["low"] <= forgetting["difference"]["value"]
    assert forgetting["tokens"] > 10_000 and forgetting["base_loss"] > 0
    assert generation["unmerged_tokens_per_second"] > 0 < generation["merged_tokens_per_second"]
    assert "no_stop" in [found["name"] for found in summary["health"]], "8 tokens are too few"
    assert summary["settings"]["adapter"]["type"] == "lora"
    assert (summary["settings"]["quantization"]["type"] == "nf4") == (recipe == "qlora")


def test_the_base_has_lost_the_same_before_every_recipe(tiny_project):
    lora, qlora = (summary_of(tiny_project, recipe)["forgetting"] for recipe in RECIPES)
    assert lora["base_loss"] == qlora["base_loss"]
    assert lora["text_sha256"] == qlora["text_sha256"] and lora["loss"] != qlora["loss"]


def test_every_yardstick_answered_the_test_split(tiny_project):
    base = summary_of(tiny_project, "lora")["base_metrics"]
    assert list(base) == ["zero_shot", "few_shot", "constant", "rules"]
    assert [base[mode]["exact_match"]["n"] for mode in base] == [8] * 4
    assert summary_of(tiny_project, "lora")["few_shot_draws"]["n"] == 8


@pytest.mark.parametrize("recipe", RECIPES)
def test_checkpoints_are_gone_after_success(tiny_project, recipe):
    assert not model_folder(tiny_project, recipe, "checkpoints").exists()


@pytest.mark.parametrize("recipe", RECIPES)
def test_stored_predictions_come_back_from_adapter_and_merged_model(tiny_project, recipe):
    given = ["data/test", recipe, "--max-new-tokens", "8"]
    done = subprocess.run(
        [sys.executable, str(REPRODUCE), *given],
        cwd=tiny_project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "adapter: 8 of 8 predictions repeated",
        "merged: 8 of 8 predictions repeated",
    ], done.stderr


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_preflight_predicted_what_the_run_would_write(tiny_project, recipe):
    report = tiny_project / "data/test/08_reporting" / recipe / "seed-42/preflight.json"
    predicted = json.loads(report.read_text())["training"]["predicted_disk_bytes"]
    folders = [model_folder(tiny_project, recipe, kind) for kind in ("adapter", "merged")]
    kept = sum(file.stat().st_size for one in folders for file in one.glob("*.safetensors"))
    assert kept * 0.9 <= predicted <= 4 * kept  # with a checkpoint, which is gone by now


@pytest.mark.parametrize("recipe", RECIPES)
def test_mlflow_has_one_finished_run_with_columns_shared_by_all_recipes(
    tiny_project, tracked, recipe
):
    (run,) = runs_of(tracked, recipe)
    assert run.info.status == "FINISHED"
    parameters, metrics = run.data.params, run.data.metrics
    assert parameters["adapter.rank"] == "16"
    assert parameters["training.learning_rate"] == "0.002"
    assert not [name for name in parameters if name.startswith(recipe)]
    assert {"train_loss", "validation_loss", "test.exact_match", "adapter_bytes"} <= set(metrics)
    assert {"forgetting.difference", "generation.merged_tokens_per_second"} <= set(metrics)
    assert {"base_rules.exact_match", "base_constant.exact_match"} <= set(metrics)
    assert {"recipe", "base_model", "data_sha256", "input_hash", "git_sha"} <= set(run.data.tags)
    folder = tiny_project / "data/test/08_reporting" / recipe / "seed-42"
    summary = json.loads((folder / "summary.json").read_text())
    for name, group in (("test", "metrics"), ("test_quantized", "metrics_quantized")):
        for metric, found in (summary[group] or {}).items():
            assert metrics.get(f"{name}.{metric}") == found["value"]  # null is not logged
    names = {item.path for item in tracked.list_artifacts(run.info.run_id)}
    assert {"summary.json", "predictions.jsonl", "learning_curve.png"} <= names
    assert len(tracked.get_metric_history(run.info.run_id, "train_loss")) > 1
    found = {one.dataset.name: one.dataset.digest for one in run.inputs.dataset_inputs}
    sides = ("train", "validation", "test")
    digest = summary["data"]["sha256"][:8]
    assert found == {f"tool_calls/{side}": digest for side in sides}


def test_the_registered_adapter_loads_back_with_equal_logits(tiny_project, tracked):
    model = mlflow.pyfunc.load_model("models:/peftline-test-lora/1")
    served = model.unwrap_python_model()
    base = AutoModelForCausalLM.from_pretrained(base_folder(tiny_project))
    ours = PeftModel.from_pretrained(base, model_folder(tiny_project, "lora", "adapter")).eval()
    ids = torch.arange(40)[None]
    with torch.inference_mode():
        torch.testing.assert_close(served.model(input_ids=ids).logits, ours(input_ids=ids).logits)
    (answer,) = model.predict(["Hello"], params={"max_new_tokens": 2})
    assert isinstance(answer, str)


def test_two_sessions_in_one_process_do_not_share_a_run(tracked):
    assert mlflow.active_run() is None
    (lora,), (qlora,) = runs_of(tracked, "lora"), runs_of(tracked, "qlora")
    assert lora.info.run_id != qlora.info.run_id


def test_the_tracking_database_lies_in_the_project(tiny_project):
    with sqlite3.connect(tiny_project / "mlflow.db") as database:
        (count,) = database.execute("select count(*) from runs").fetchone()
    assert count == 2


def test_both_recipes_share_data_base_and_tokens(tiny_project):
    root = tiny_project / "data/test"
    one = dict.fromkeys(("01_raw", "03_primary", "05_model_input", "06_models/base"), 1)
    for folder, count in {**one, "02_intermediate": 2}.items():  # validated, deduplicated
        keys = [path for path in (root / folder).iterdir() if (path / "manifest.json").exists()]
        assert len(keys) == count, folder
    lora, qlora = (summary_of(tiny_project, recipe) for recipe in RECIPES)
    assert lora["data"] == qlora["data"] and lora["base_model"] == qlora["base_model"]
    assert lora["input_hash"] != qlora["input_hash"]
