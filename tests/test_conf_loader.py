"""What nodes get and where their results go is one setting, wherever it is set."""

import json
import shutil

import pytest
import yaml
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

# A setting, and the folders that it names.
FOLDERS = {
    "seed": (7, {"{recipe}.adapter": "{recipe}/seed-7/adapter", "chosen_adapter": "lora/seed-7"}),
    "predict.recipe": ("vera", {"chosen_adapter": "06_models/vera/seed-42"}),
    "experiment": ("mine", {"splits": "experiments/mine/03_primary/splits.json"}),
    "store_root": ("mine", {"splits": "/mine/03_primary/splits.json"}),
}
IN_GLOBALS = {"seed": {"seed": 7}, "predict.recipe": {"default_recipe": "vera"}}


def parameters_with(name):
    """Those of a file, with a setting."""
    value = FOLDERS[name][0]
    first, _, second = name.partition(".")
    return {"predict": {"recipe": "lora"}} | {first: {second: value} if second else value}


@pytest.fixture
def opened(empty_project):
    """Parameters and the catalog's files of a project in which an environment sets something."""

    def open_project(environment=None, given=None, **files):
        for name, content in files.items():
            file = empty_project / "conf" / (environment or "local") / f"{name}.yml"
            file.write_text(yaml.safe_dump(content))
        bootstrap_project(empty_project)
        create = settings.SESSION_CLASS.create
        with create(empty_project, env=environment, runtime_params=given) as session:
            loader = session._get_config_loader()
            return loader["parameters"], loader["catalog"]

    return open_project


def in_folders(catalog, name):
    return all(
        folder in catalog[dataset]["filepath"] for dataset, folder in FOLDERS[name][1].items()
    )


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("environment", [None, "test"])
def test_parameters_of_an_environment_reach_the_folders(opened, name, environment):
    _, catalog = opened(environment, parameters_mine=parameters_with(name))
    assert in_folders(catalog, name)


@pytest.mark.parametrize("name", FOLDERS)
def test_so_does_what_is_given_to_one_run(opened, name):
    _, catalog = opened(given=parameters_with(name))
    assert in_folders(catalog, name)


@pytest.mark.parametrize("name", IN_GLOBALS)
def test_so_do_globals_of_an_environment(opened, name):
    lora = {} if name == "predict.recipe" else {"predict": {"recipe": "lora"}}
    _, catalog = opened(globals=IN_GLOBALS[name], parameters=lora)
    assert in_folders(catalog, name)


def test_the_recipe_to_look_at_is_the_one_that_is_named_with_all_that_is_set_of_it(opened):
    mine = {"lora": {"training": {"epochs": 2.0}}, "preflight_recipe": "lora"}
    parameters, catalog = opened(parameters=mine, given={"preflight": {"adapter": {"rank": 4}}})
    assert catalog["preflight.run"]["data"]["recipe"] == "lora"
    assert parameters["preflight"] == {
        "adapter": parameters["lora"]["adapter"] | {"rank": 4},
        "training": {"epochs": 2.0},
    }


@pytest.mark.parametrize("name", ["lorra", ["lora"], "seed"])
def test_a_recipe_to_look_at_that_does_not_exist_is_no_recipe(opened, name):
    parameters, _ = opened(parameters={"preflight_recipe": name})
    assert not isinstance(parameters["preflight"], dict)


def test_a_seed_in_conf_local_trains_and_is_stored_under_one_number(empty_project, run):
    shutil.copy(empty_project / "conf/test/globals.yml", empty_project / "conf/local/globals.yml")
    (empty_project / "conf/local/parameters.yml").write_text("seed: 7\n")
    run(empty_project, "lora", env="local", to_nodes=["lora.train"])
    (folder,) = (empty_project / "data/test/06_models/lora").iterdir()
    assert folder.name == "seed-7"
    assert json.loads((folder / "adapter/peftline.json").read_text())["seed"] == 7


def test_runs_with_env_test_have_an_experiment_of_mlflow_to_themselves(empty_project):
    bootstrap_project(empty_project)
    names = {}
    for environment in (None, "gpu", "test"):
        with settings.SESSION_CLASS.create(empty_project, env=environment) as session:
            loader = session._get_config_loader()
            loader.config_patterns["mlflow"] = ["mlflow*"]  # as kedro-mlflow does
            names[environment] = loader["mlflow"]["tracking"]["experiment"]["name"]
    assert names == {None: "peftline", "gpu": "peftline", "test": "peftline-test"}


def test_folders_are_those_of_the_project_wherever_it_is_opened(opened, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    parameters, catalog = opened("test")
    root = tmp_path / "project/data/test"
    assert parameters["store_root"] == str(root)
    assert catalog["splits"]["filepath"] == str(root / "03_primary/splits.json")
