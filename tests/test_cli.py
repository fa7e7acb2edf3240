import pytest
import yaml
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from peftline.cli import cli
from peftline.schema import Recipe


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
