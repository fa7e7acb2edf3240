import ast
import inspect
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from peftline import (
    adapters,
    data_schema,
    objectives,
    optimizers,
    quantization,
    recipe,
    schema,
    training,
)
from peftline.data_schema import Data
from peftline.errors import PeftlineError
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Predict, Rendering

LORA = {"type": "lora"}
ADAPTERS, *OTHER_AXES = [
    [import_module(f"{axis.__name__}.{one.name}") for one in iter_modules(axis.__path__)]
    for axis in (adapters, optimizers, quantization, objectives)
]


def is_adapter(cls):
    return inspect.isclass(cls) and issubclass(cls, BaseModel) and "type" in cls.model_fields


def problems(values):
    return schema.problems(Recipe, values, "qlora")


def test_a_recipe_needs_an_adapter_and_nothing_else():
    recipe = Recipe(adapter=LORA)
    assert recipe.objective.type == "sft"
    assert recipe.quantization.type == "none"
    assert recipe.optimizer.type == "adamw"
    assert (recipe.adapter.rank, recipe.adapter.alpha) == (16, 32.0)
    assert recipe.adapter.target_modules == "all-linear"
    assert problems({}) == ["Parameter 'qlora.adapter' is missing."]


def test_a_sound_recipe_has_no_problems():
    assert problems({"adapter": LORA, "quantization": {"type": "nf4"}}) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"adapter": LORA, "training": {"learning_rte": 1e-4}},
            "Unknown parameter 'qlora.training.learning_rte'. "
            "Did you mean 'qlora.training.learning_rate'?",
        ),
        (
            {"adapter": LORA, "trainig": {"epochs": 1}},
            "Unknown parameter 'qlora.trainig'. Did you mean 'qlora.training'?",
        ),
        (
            {"adapter": {"type": "lora", "rnk": 8}},
            "Unknown parameter 'qlora.adapter.rnk'. Did you mean 'qlora.adapter.rank'?",
        ),
        (
            {"adapter": LORA, "quantization": {"type": "nf4", "double_quantisation": True}},
            "Unknown parameter 'qlora.quantization.double_quantisation'. "
            "Did you mean 'qlora.quantization.double_quantization'?",
        ),
        (
            {"adapter": LORA, "optimizer": {"weight_dcay": 0.1}},
            "Unknown parameter 'qlora.optimizer.weight_dcay'. "
            "Did you mean 'qlora.optimizer.weight_decay'?",
        ),
    ],
)
def test_an_unknown_key_is_named_in_full_with_the_nearest_known_one(values, message):
    assert problems(values) == [message]


def test_a_key_of_another_quantization_is_refused():
    (message,) = problems({"adapter": LORA, "quantization": {"type": "none", "double": True}})
    assert message.startswith("Unknown parameter 'qlora.quantization.double'.")


def test_an_unknown_kind_of_quantization_names_the_known_ones():
    (message,) = problems({"adapter": LORA, "quantization": {"type": "nf3"}})
    assert "qlora.quantization" in message
    assert "none" in message
    assert "nf4" in message


@pytest.mark.parametrize(
    ("values", "name", "shown"),
    [
        ({"adapter": {"type": "lora", "rank": "many"}}, "qlora.adapter.rank", "'many'"),
        ({"adapter": {"type": "lora", "rank": 0}}, "qlora.adapter.rank", "0"),
        ({"adapter": {"type": "lora", "rank": 2.5}}, "qlora.adapter.rank", "2.5"),
        ({"adapter": {"type": "lora", "dropout": 1.0}}, "qlora.adapter.dropout", "1.0"),
        ({"adapter": LORA, "training": {"epochs": 0}}, "qlora.training.epochs", "0"),
        ({"adapter": LORA, "training": 3}, "qlora.training", "3"),
        ({"adapter": {"type": "lorra"}}, "qlora.adapter.type", "'lorra'"),
    ],
)
def test_a_wrong_value_is_shown_with_its_full_name(values, name, shown):
    (message,) = problems(values)
    assert message.startswith(f"Parameter '{name}' is {shown}: ")


def test_several_problems_are_reported_together():
    found = problems(
        {
            "adapter": {"type": "lora", "rnk": 8, "alpha": -1},
            "training": {"epoch": 2},
            "quantization": {"type": "nf4", "blocks": 64},
        }
    )
    assert len(found) == 4
    for name in ("adapter.rnk", "adapter.alpha", "training.epoch", "quantization.blocks"):
        assert any(f"'qlora.{name}'" in message for message in found)


def test_all_problems_are_raised_as_one_error_without_repetition():
    with pytest.raises(PeftlineError) as caught:
        schema.raise_all(["first", "second", "first"])
    assert str(caught.value) == "first\nsecond"
    schema.raise_all([])


def test_a_name_without_a_near_one_lists_what_is_known():
    message = schema.unknown("zzz", ["data.source", "seed"])
    assert message == "Unknown parameter 'zzz'. Known: data.source, seed."


def test_configurations_cannot_be_changed_after_they_were_checked():
    recipe = Recipe(adapter=LORA)
    with pytest.raises(ValidationError):
        recipe.adapter.rank = 4


def test_every_recipe_file_loads(project):
    files = sorted((project / "conf/base/parameters/recipes").glob("*.yml"))
    assert files
    for file in files:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert list(content) == [file.stem]
        assert schema.problems(Recipe, content[file.stem], file.stem) == []


def test_shared_settings_have_usable_defaults(tmp_path):
    data = Data(train_rows=1, validation_rows=1, test_rows=1)
    assert (data.source, data.format, data.problems.empty_answer) == ("tool_calls", "auto", "raise")
    assert Rendering().format == "chat"
    assert Evaluation().metrics == "auto"
    assert Predict(input=tmp_path, recipe="lora").max_new_tokens == 128


# `type` names the class, which has a text of its own; the other is explained in `Config`.
INHERITED = ("type", "libraries")


def undocumented_fields(module):
    """Public annotated fields of configurations that no text follows."""
    found = []
    for item in ast.parse(inspect.getsource(module)).body:
        if not isinstance(item, ast.ClassDef):
            continue
        cls = getattr(module, item.name)
        if not issubclass(cls, BaseModel):
            continue
        for at, statement in enumerate(item.body):
            if not isinstance(statement, ast.AnnAssign) or statement.target.id in INHERITED:
                continue
            after = item.body[at + 1] if at + 1 < len(item.body) else None
            if isinstance(statement.annotation, ast.Name) and statement.annotation.id == "Targets":
                continue  # the same for all adapters, and documented there
            text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if not text:
                found.append(f"{item.name}.{statement.target.id}")
        assert ast.get_docstring(item), f"{item.name} has no docstring"
    return found


@pytest.mark.parametrize(
    "module",
    [schema, data_schema, recipe, training, *ADAPTERS, *chain(*OTHER_AXES)],
    ids=lambda module: module.__name__,
)
def test_every_setting_is_documented_where_it_stands(module):
    assert undocumented_fields(module) == []


def test_every_adapter_has_a_build_function():
    found = {cls for module in ADAPTERS for cls in vars(module).values() if is_adapter(cls)}
    assert found == set(adapters.TYPES)


def test_choices_without_multiple_choice_are_refused_for_nothing_would_read_them():
    assert Evaluation(metrics="multiple_choice", choices=["a", "b"]).choices == ["a", "b"]
    (found,) = schema.problems(Evaluation, {"choices": ["a"]}, "evaluation")
    assert found.startswith("evaluation: choices are for metrics=multiple_choice alone")


def test_what_nothing_would_read_beside_a_mixture_is_refused():
    sizes = {"train_rows": 1, "validation_rows": 1, "test_rows": 1}
    mixture = {"mixture": [{"source": "a.jsonl", "max_rows": 5}], "max_rows": 60}
    assert schema.problems(Data, sizes | mixture, "data") == []
    taken = Data(**sizes, max_rows=60, mixture=[{"source": "a", "max_rows": 5}, {"source": "b"}])
    assert [one.max_rows for one in taken.sources] == [5, 60]
    beside = {"columns": {"output": "reply"}, "format": "alpaca"}
    (found,) = schema.problems(Data, sizes | mixture | beside, "data")
    assert "columns, format: not read beside data.mixture" in found
