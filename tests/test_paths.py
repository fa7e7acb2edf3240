import pytest

from peftline import paths


def test_the_project_is_found_from_any_of_its_folders(project, monkeypatch):
    for folder in (project, project / "src" / "peftline", project / "conf"):
        monkeypatch.chdir(folder)
        assert paths.project_folder() == project
        assert paths.project_path("data") == str(project / "data")


def test_outside_a_project_the_working_folder_stands_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert paths.project_folder() == tmp_path


def test_every_recipe_file_is_a_recipe(project, monkeypatch):
    monkeypatch.chdir(project / "tests")
    names = paths.recipe_names()
    assert {"lora", "qlora"} <= set(names)
    assert names == sorted(names)
    assert [f"{name}.yml" for name in names] == sorted(
        path.name for path in paths.recipes_folder().iterdir()
    )


def test_results_lie_in_the_root_or_in_the_folder_of_an_experiment():
    assert paths.artifact_root("data", None) == "data"
    assert paths.artifact_root("data", "rank-8") == "data/experiments/rank-8"
    assert paths.artifact_root("data", "a/b.2") == "data/experiments/a/b.2"
    assert paths.artifact_root("data", 7) == "data/experiments/7"


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/../b", "/etc", "", "a b", "-x", ".x", "a//b", "a/", "x\n"]
)
def test_an_experiment_cannot_lead_out_of_its_folder(name):
    assert not paths.is_experiment_name(name)


@pytest.mark.parametrize("name", ["trial", "rank-8", "a/b.2", "7", "A_b"])
def test_an_experiment_has_a_plain_name(name):
    assert paths.is_experiment_name(name)
