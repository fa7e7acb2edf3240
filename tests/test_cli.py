import json
import re

import pytest
import yaml
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from peftline.cli import cli
from peftline.recipe import Recipe
from tests.comparison.invented import run, save


@pytest.fixture
def call(project, monkeypatch):
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def test_a_recipe_is_printed_with_all_its_defaults(call):
    done = call("recipe", "qlora")
    printed = yaml.safe_load(done.output)["qlora"]
    assert Recipe(**printed) == Recipe(
        adapter={"type": "lora", "rank": 16, "alpha": 32}, quantization={"type": "nf4"}
    )
    assert printed["training"]["schedule"] == "cosine"


def test_an_unknown_recipe_is_refused_with_the_nearest(call):
    done = call("recipe", "qlorra")
    assert done.exit_code == 1
    assert "No recipe 'qlorra'. Did you mean 'qlora'?" in done.output


def test_the_table_of_methods_is_printed(call):
    assert "| `lora` |" in call("methods").output


def test_the_table_is_renewed_in_a_file(call, tmp_path):
    file = tmp_path / "methods.md"
    file.write_text("Before\n<!-- begin: kedro methods -->\nold\n<!-- end -->\nAfter\n")
    assert call("methods", "--write", str(file)).exit_code == 0
    text = file.read_text()
    assert "| `lora` |" in text and "old" not in text
    assert text.startswith("Before\n") and text.endswith("After\n")


@pytest.fixture
def results(empty_project, monkeypatch):
    """Call `kedro results` in a project whose experiment `trial` has two runs."""
    root = empty_project / "data/experiments/trial"
    for one in (run("lora", [1, 1, 0, 1]), run("ia3", [1, 0, 0, 0])):
        save(one, root)
    (empty_project / "docs").mkdir()
    monkeypatch.chdir(empty_project)
    bootstrap_project(empty_project)
    return lambda *arguments: CliRunner().invoke(cli, ["results", *arguments])


def test_results_are_written_with_the_summaries_behind_them(results, empty_project):
    done = results("--experiment", "trial", "--write", "docs", "--machine", "two cores")
    assert done.exit_code == 0, done.output
    text = (empty_project / "docs/results.md").read_text()
    assert "machine: two cores" in text and "lora with 75.0 %" in text
    assert "`kedro results --experiment trial --write docs --machine 'two cores'`" in text
    copied = json.loads((empty_project / "docs/results/lora-seed-42.json").read_text())
    summary = run("lora", [1, 1, 0, 1]).summary
    assert summary == copied | {"scoring_sha256": summary["scoring_sha256"]}
    scores = (empty_project / "docs/results/scores.csv").read_text()
    assert scores.startswith("exact_match of,")
    assert "4 files" in done.output and "former" not in done.output


def test_results_are_written_again_from_what_was_written(results, empty_project):
    results("--experiment", "trial", "--write", "docs", "--machine", "two cores")
    first = {path: path.read_text() for path in (empty_project / "docs").rglob("*.*")}
    done = results("--from", "docs/results", "--write", "docs")
    assert done.exit_code == 0, done.output
    for path, text in first.items():
        if path.name != "results.md":
            assert path.read_text() == text
    made, again = first[empty_project / "docs/results.md"], empty_project / "docs/results.md"
    assert "`kedro results --from docs/results --write docs`" in again.read_text()
    assert made.splitlines()[4:] == again.read_text().splitlines()[4:]
    refused = results("--from", "docs/results", "--experiment", "trial")
    assert refused.exit_code == 1 and "--from reads runs, date and machine" in refused.output


def test_summaries_of_former_results_are_named_and_kept(results, empty_project):
    old = empty_project / "docs/results/vera-seed-42.json"
    old.parent.mkdir()
    old.write_text("{}")
    assert "vera-seed-42.json" in results("--experiment", "trial", "--write", "docs").output
    assert old.exists()


def test_results_are_printed_where_no_folder_is_named(results):
    assert results("--experiment", "trial").output.startswith("# Results")


@pytest.mark.parametrize(
    ("name", "told"),
    [("none", "Experiments that exist: trial"), ("../x", "No experiment can have the name")],
)
def test_results_of_nothing_are_refused_in_words(results, name, told):
    done = results("--experiment", name)
    assert done.exit_code == 1 and told in done.output


def test_nothing_tells_to_use_an_option_that_kedro_takes_away(project):
    """Kedro 1.7 warns of `--pipeline`, and will have `--pipelines` alone."""
    places = ["README.md", "CONTRIBUTING.md", "Makefile", "docs", "conf", "notebooks", "src"]
    files = [file for one in places for file in [project / one, *(project / one).rglob("*")]]
    kinds = {".md", ".yml", ".py", ".ipynb", ""}
    read = [one.read_text("utf-8") for one in files if one.is_file() and one.suffix in kinds]
    assert len(read) > 300
    assert not [found for text in read for found in re.findall(r".*--pipeline(?!s|\w).*", text)]
