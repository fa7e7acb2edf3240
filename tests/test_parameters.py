import re

import pytest
from kedro.pipeline import Node, Pipeline

from peftline import parameters
from peftline.errors import PeftlineError
from peftline.parameters import check_parameters
from peftline.pipelines import base, compare, data, finetune, predict
from peftline.recipe import Recipe
from peftline.schema import Evaluation

PARAMETERS = {
    "seed": 42,
    "store_root": "data",
    "experiment": None,
    "preflight_recipe": "lora",
    "preflight": {"adapter": {"type": "lora"}},
    "data": {"source": "tool_calls", "train_rows": 8, "validation_rows": 4, "test_rows": 4},
    "base_model": {"source": "tiny"},
    "rendering": {"format": "chat"},
    "evaluation": {"max_new_tokens": 8},
    "predict": {"input": "prompts.txt", "recipe": "lora"},
    "lora": {"adapter": {"type": "lora"}},
    "qlora": {"adapter": {"type": "lora"}, "quantization": {"type": "nf4"}},
}


@pytest.fixture(scope="module")
def pipelines():
    shared = data.create_pipeline() + base.create_pipeline()
    return {
        "data": data.create_pipeline(),
        "lora": shared + finetune.create_pipeline("lora"),
        "qlora": shared + finetune.create_pipeline("qlora"),
        "base": shared,
        "predict": predict.create_pipeline(),
        "compare": compare.create_pipeline(),
        "preflight": shared + finetune.create_preflight("preflight"),
    }


@pytest.fixture
def message(pipelines):
    """What is said about a pipeline that is run with these runtime parameters."""

    def check(name, given, parameters=None):
        merged = dict(PARAMETERS if parameters is None else parameters)
        for key, value in given.items():
            merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
        try:
            check_parameters({name: pipelines[name]}, merged, given, pipelines)
        except PeftlineError as error:
            return str(error)
        return ""

    return check


@pytest.mark.parametrize("name", ["data", "lora", "qlora", "predict"])
def test_the_configuration_as_it_is_passes(message, name):
    assert message(name, {}) == ""


@pytest.mark.parametrize(
    "given",
    [
        {"experiment": "trial"},
        {"seed": 7},
        {"experiment": "trial", "seed": 7},
        {"qlora": {"training": {"epochs": 2.0}}},
        {"data": {"train_rows": 100}},
    ],
)
def test_parameters_that_are_read_pass(message, given):
    assert message("qlora", given) == ""


IGNORED = {
    "seed": (7, ["data", "base", "compare"], "every recipe, predict, preflight"),
    "preflight_recipe": ("lora", ["data", "base", "compare", "predict", "lora"], "preflight"),
    "predict": ({"recipe": "lora"}, ["data", "base", "compare", "preflight", "lora"], "predict"),
    "evaluation": (
        {"few_shot": 1},
        ["data", "compare", "predict"],
        "every recipe, base, preflight",
    ),
    "data": ({"max_rows": 9}, ["compare", "predict"], "every recipe, base, data, preflight"),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_a_pipeline_does_not_read_is_refused_with_the_pipelines_that_do(
    message, monkeypatch, name
):
    monkeypatch.setattr(parameters, "recipe_names", lambda: ["lora", "qlora"])
    value, ignorant, readers = IGNORED[name]
    full = f"{name}.{next(iter(value))}" if isinstance(value, dict) else name
    for pipeline in ignorant:
        assert message(pipeline, {name: value}) == (
            f"Parameter '{full}' would have no effect: {pipeline} does not read '{name}'. "
            f"It is read by {readers}."
        )
    for pipeline in {"data", "base", "compare", "predict", "preflight", "lora"} - {*ignorant}:
        assert message(pipeline, {name: value}) == "", pipeline


@pytest.mark.parametrize("pipeline", ["data", "base", "compare", "predict", "preflight", "lora"])
def test_every_pipeline_works_in_an_experiment(message, project, monkeypatch, pipeline):
    monkeypatch.chdir(project)
    assert message(pipeline, {"experiment": "trial"}) == ""


def test_settings_of_the_recipe_that_is_looked_at_are_read(message, project, monkeypatch):
    monkeypatch.chdir(project)
    assert message("preflight", {"lora": {"training": {"epochs": 2.0}}}) == ""
    assert "'qlora.training'" in message("preflight", {"qlora": {"training": {}}})


def test_parameters_that_the_catalog_reads_are_those_that_are_known(project):
    """A place in the catalog that reads another parameter wants a line in `_OF_DATASETS`."""
    named = {}
    for file in (project / "conf/base/catalog").glob("*.yml"):
        found = re.findall(r"\$\{parameter:([a-z_.]+)\}", file.read_text(encoding="utf-8"))
        named[file.stem] = set(found) - {"store_root", "experiment"}
    assert named == {
        "comparison": set(),
        "data": set(),
        "predict": {"predict.recipe", "seed"},
        "preflight": {"preflight_recipe"},
        "recipes": {"seed"},
    }


def test_types_go_to_parameters_by_the_names_of_arguments():
    def work(first: Evaluation, second: Recipe | None = None, third: int = 0, *, last: str):
        return first

    inputs = {"last": "params:text", "third": "params:number", "first": "params:evaluation"}
    flow = Pipeline([Node(work, inputs, "done")])
    given = {"text": "a", "number": 1, "evaluation": {"few_shot": 1}}
    check_parameters({"flow": flow}, given, {}, {})
    with pytest.raises(PeftlineError) as caught:
        check_parameters({"flow": flow}, {"text": 1, "number": "a", "evaluation": 3}, {}, {})
    wrong = [line.split(" is ")[0] for line in str(caught.value).splitlines()]
    assert wrong == [f"Parameter '{name}'" for name in ("evaluation", "number", "text")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"data": {"sorce": "x"}}, "Unknown parameter 'data.sorce'. Did you mean 'data.source'?"),
        ({"sed": 7}, "Unknown parameter 'sed'. Did you mean 'seed'?"),
        (
            {"qlora": {"training": {"learning_rte": 1e-4}}},
            "Unknown parameter 'qlora.training.learning_rte'. "
            "Did you mean 'qlora.training.learning_rate'?",
        ),
        (
            {"evaluation": {"few_shots": 2}},
            "Unknown parameter 'evaluation.few_shots'. Did you mean 'evaluation.few_shot'?",
        ),
    ],
)
def test_a_typo_is_refused_with_the_nearest_known_name(message, given, expected):
    assert message("qlora", given) == expected


def test_an_unknown_top_level_name_is_refused(message):
    assert message("lora", {"learning_rate": 1e-4}).startswith("Unknown parameter 'learning_rate'.")


@pytest.mark.parametrize(("pipeline", "recipe"), [("lora", "qlora"), ("data", "lora")])
def test_a_setting_of_a_recipe_that_does_not_run_is_refused(
    message, project, monkeypatch, pipeline, recipe
):
    monkeypatch.chdir(project)
    assert message(pipeline, {recipe: {"training": {"epochs": 2.0}}}) == (
        f"Parameter '{recipe}.training.epochs' would have no effect: {pipeline} does not read "
        f"'{recipe}'. It is read by {recipe}."
    )


def test_a_wrong_value_is_refused(message):
    assert "Parameter 'seed' is 'x'" in message("lora", {"seed": "x"})
    assert "Parameter 'data.train_rows' is 0" in message("lora", {"data": {"train_rows": 0}})
    assert "Parameter 'lora' is 3" in message("lora", {"lora": 3})


@pytest.mark.parametrize(
    ("name", "hint"),
    [("qlorra", "Did you mean 'qlora'?"), ("zzz", "Known: "), ("base", "Known: ")],
)
def test_a_recipe_to_look_at_that_does_not_exist_is_refused(
    message, project, monkeypatch, name, hint
):
    monkeypatch.chdir(project)
    found = message("preflight", {"preflight_recipe": name}, PARAMETERS | {"preflight": None})
    assert found.startswith(f"Parameter 'preflight_recipe' is '{name}': no such recipe. {hint}")
    assert "\n" not in found


def test_adapters_to_be_made_of_are_other_recipes_or_folders(
    pipelines, message, project, monkeypatch, tmp_path
):
    monkeypatch.chdir(project)
    monkeypatch.setitem(
        pipelines, "adapter_fusion", finetune.create_pipeline("adapter_fusion", "adapter")
    )

    def found(*parts):
        adapter = {"type": "adapter_fusion", "adapters": list(parts)}
        recipe = {"adapter_fusion": {"adapter": adapter}}
        return message("adapter_fusion", {}, PARAMETERS | recipe)

    assert "adapter_fusion" not in found("pfeiffer", str(tmp_path))
    typo, itself = found("pfeifer", "adapter_fusion").splitlines()
    assert typo == (
        "Parameter 'adapter_fusion.adapter.adapters' names 'pfeifer', which is neither another "
        "recipe nor a folder. Did you mean 'pfeiffer'?"
    )
    assert "names 'adapter_fusion', which is neither another recipe nor a folder" in itself


@pytest.mark.parametrize("name", ["../x", "a b", "/etc"])
def test_an_experiment_that_leads_out_of_its_folder_is_refused(message, name):
    assert f"Parameter 'experiment' is '{name}'" in message("lora", {"experiment": name})


def test_a_missing_value_is_refused(message):
    assert message("data", {}, {"store_root": "data"}) == "Parameter 'data' is missing."
    found = message("predict", {}, {"predict": {"input": "prompts.txt"}, "seed": 42})
    assert found == "Parameter 'predict.recipe' is missing."


def test_all_problems_are_reported_together(message):
    found = message(
        "qlora", {"data": {"sorce": "x"}, "sed": 7, "qlora": {"adapter": {"type": "lora", "r": 1}}}
    )
    for name in ("data.sorce", "sed", "qlora.adapter.r"):
        assert f"Unknown parameter '{name}'" in found
