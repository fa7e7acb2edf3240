"""`kedro run --pipeline=compare` on runs that recipes have left."""

import csv
import json
import shutil

import mlflow
import pytest

from peftline.errors import PeftlineError


@pytest.fixture(scope="module")
def reports(tiny_project, tmp_path_factory, run):
    """What `compare` writes beside the runs of lora and qlora."""
    project = tmp_path_factory.mktemp("compare") / "project"
    shutil.copytree(tiny_project, project)
    run(project, "compare")
    return project / "data/test/08_reporting"


def test_it_compares_all_recipes_and_the_base(reports):
    found = json.loads((reports / "comparison.json").read_text())
    assert {row["recipe"] for row in found["rows"]} >= {"lora", "qlora"}
    assert "base (zero-shot)" in {row["name"] for row in found["rows"]}
    assert found["failures"] == [] and found["left_out"] == []
    assert len(found["pairs"]) == len(found["rows"]) * (len(found["rows"]) - 1) / 2


def test_values_and_intervals_are_those_of_the_summaries(reports):
    found = json.loads((reports / "comparison.json").read_text())
    for row in found["rows"]:
        if row["kind"] == "recipe":
            summary = json.loads((reports / row["recipe"] / "seed-42/summary.json").read_text())
            assert row["metric"] == summary["metrics"]["exact_match"]
            assert row["costs"]["train_seconds"] == summary["train_seconds"]
            assert row["about"]


def test_the_table_the_plot_and_the_page_are_written(reports):
    with (reports / "comparison.csv").open() as file:
        assert {"lora", "qlora"} <= {line["name"] for line in csv.DictReader(file)}
    plot = json.loads((reports / "comparison_plot.json").read_text())
    assert "qlora" in plot["data"][0]["y"]
    page = (reports / "comparison.html").read_text()
    assert "Highest exact_match" in page and page.count("<figure") >= 3


def test_it_leaves_no_run_in_mlflow(reports):
    mlflow.set_tracking_uri(f"sqlite:///{reports.parents[2] / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("peftline")
    assert len(client.search_runs([experiment.experiment_id])) == 2


def test_an_experiment_without_runs_is_refused_in_words(tiny_project, run):
    with pytest.raises(PeftlineError, match="--params=experiment=nobody"):
        run(tiny_project, "compare", experiment="nobody")
    assert not (tiny_project / "data/test/experiments/nobody").exists()
