"""What kedro-viz shows of the project and of its runs."""

import json
import os
import shutil
import subprocess
import sys

import pytest

# Each comes after those it is made from.
LAYERS = "raw intermediate primary model_input preflight models model_output reporting".split()


@pytest.fixture(scope="module")
def site(tiny_project, tmp_path_factory, run):
    """The folder `api` of `kedro viz build`, with what is in the files."""
    project = tmp_path_factory.mktemp("viz") / "project"
    shutil.copytree(tiny_project, project)
    run(project, "compare")
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "viz", "build", "--include-previews"],
        cwd=project,
        env=os.environ | {"KEDRO_ENV": "test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return project / "build/api"


def read(file):
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def everything(site):
    return read(site / "pipelines/all")


def preview_of(site, everything, name):
    (found,) = [node["id"] for node in everything["nodes"] if node["name"] == name]
    return read(site / "nodes" / found)["preview"]


def test_layers_stand_in_the_order_of_the_work(site):
    for recipe in ("lora", "qlora"):
        layers = read(site / "pipelines" / recipe)["layers"]
        assert [layer for layer in layers if layer != "base"] == LAYERS


def test_no_pipeline_is_without_layers(site):
    shown = {file.name: read(file)["layers"] for file in (site / "pipelines").iterdir()}
    assert {"lora", "qlora", "data", "base", "preflight", "predict", "compare", "all"} <= set(shown)
    assert all(shown.values()), shown


def test_each_recipe_is_a_box(everything):
    boxes = everything["modular_pipelines"]
    assert {"lora", "qlora"} <= set(boxes)
    assert {child["id"] for child in boxes["__root__"]["children"]} >= {"lora", "qlora"}


def test_the_comparison_is_previewed(site, everything):
    compare = read(site / "pipelines/compare")
    layers = {node["name"]: node.get("layer") for node in compare["nodes"]}
    assert layers["runs"] == "model_output"
    assert layers["comparison_page"] == layers["comparison_plot"] == "reporting"
    names = {node["name"]: node["id"] for node in compare["nodes"]}
    plot = read(site / "nodes" / names["comparison_plot"])["preview"]
    assert plot["data"][0]["type"] == "scatter" and "lora" in plot["data"][0]["y"]
    assert "lora" in str(read(site / "nodes" / names["comparison_table"])["preview"])


def test_examples_metrics_and_the_learning_curve_are_previewed(site, everything):
    table = preview_of(site, everything, "test_preview")
    assert {"instruction", "prompt", "messages"} & set(table["columns"]) and len(table["data"]) == 8
    assert "exact_match" in str(preview_of(site, everything, "qlora.metrics"))
    assert "verdict" in str(preview_of(site, everything, "qlora.summary"))
    assert len(preview_of(site, everything, "lora.learning_curve")) > 1000  # a picture, in base 64
