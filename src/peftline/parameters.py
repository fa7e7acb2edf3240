"""No parameter is ignored: what a pipeline does not read, it refuses."""

import inspect
from pathlib import Path
from typing import Any, get_type_hints

from kedro.pipeline import Pipeline
from pydantic import BaseModel, TypeAdapter, ValidationError

from peftline import capabilities, schema
from peftline.config import flat, nearest
from peftline.paths import is_experiment_name, project_path, recipe_adapter, recipe_names
from peftline.recipe import Recipe

# Read by the catalog, not by nodes.
_OF_THE_CATALOG = ("experiment", "seed", "preflight_recipe")
_CHOSEN = "preflight"  # a copy of the recipe that `preflight_recipe` names


def check_parameters(
    pipelines: dict[str, Pipeline], parameters: dict[str, Any], given: dict[str, Any]
) -> None:
    """Check what the configuration says against the types that nodes declare.

    Args:
        pipelines: those that will run.
        parameters: all of the configuration, runtime parameters merged in.
        given: runtime parameters alone (`--params`).

    Raises:
        PeftlineError: all unknown names, wrong types and missing values together.
    """
    types = _declared_types(pipelines)
    read = {
        name.removeprefix("params:")
        for pipeline in pipelines.values()
        for name in pipeline.inputs()
        if name.startswith("params:")
    }
    known = sorted(read | set(_OF_THE_CATALOG))
    found = []
    for name in flat(given):
        if not any(name == k or name.startswith(f"{k}.") for k in known):
            found.append(_unread(name, _leaves(known, types)))
    if not is_experiment_name(str(given.get("experiment", "none"))):
        found.append(
            f"Parameter 'experiment' is {given['experiment']!r}: a name has letters, digits, '.', "
            "'_', '-' and '/', and each part begins with a letter or digit."
        )
    recipe = parameters.get("preflight_recipe")
    if _CHOSEN in read and recipe not in recipe_names():
        hint = nearest(str(recipe), recipe_names())
        found.append(f"Parameter 'preflight_recipe' is {recipe!r}: no such recipe. {hint}")
        read.remove(_CHOSEN)
    for name in sorted(read):
        expected = types.get(name)
        if name not in parameters:
            found.append(f"Parameter '{name}' is missing.")
        elif isinstance(expected, type) and issubclass(expected, BaseModel):
            found += schema.problems(expected, parameters[name], name)
            if expected is Recipe:
                found += _other_flow(name, parameters[name], pipelines)
                found += _no_adapters(name, parameters[name])
        elif expected is not None:
            found += _simple_problem(expected, parameters[name], name)
    schema.raise_all(found)


def _other_flow(name: str, recipe: Any, pipelines: dict[str, Pipeline]) -> list[str]:
    """Kedro lays out a flow by the recipe's file, before it reads what was given besides."""
    adapter = recipe.get("adapter") if isinstance(recipe, dict) else None
    trains = any(f"{name}.history" in one.all_outputs() for one in pipelines.values())
    if not trains or not isinstance(adapter, dict):
        return []
    if capabilities.delivers(adapter) == capabilities.delivers(recipe_adapter(name)):
        return []
    method = adapter.get("peft_type") or adapter.get("type")
    return [
        f"Parameter '{name}.adapter' names a method ({method}) "
        f"that delivers something else than the one in the file, so the flow of '{name}' does not "
        "fit. Give it a recipe of its own: conf/base/parameters/recipes/NAME.yml."
    ]


def _no_adapters(name: str, recipe: Any) -> list[str]:
    """Trained adapters that a recipe is made of are those of other recipes, or folders."""
    adapter = recipe.get("adapter") if isinstance(recipe, dict) else None
    parts = adapter.get("adapters") if isinstance(adapter, dict) else None
    others = sorted(set(recipe_names()) - {name})
    return [
        f"Parameter '{name}.adapter.adapters' names {part!r}, which is neither another recipe nor "
        f"a folder. {nearest(str(part), others)}"
        for part in parts or ()
        if part not in others and not Path(project_path(str(part))).is_dir()
    ]


def _declared_types(pipelines: dict[str, Pipeline]) -> dict[str, Any]:
    """What nodes declare about the parameters they read; Kedro's own way skips plain types."""
    types = {}
    for node in (node for pipeline in pipelines.values() for node in pipeline.nodes):
        hints = get_type_hints(node.func)
        arguments = inspect.signature(node.func).parameters
        for argument, name in zip(arguments, node.inputs, strict=False):
            if name.startswith("params:") and argument in hints:
                types[name.removeprefix("params:")] = hints[argument]
    return types


def _unread(name: str, known: list[str]) -> str:
    recipe = name.split(".", 1)[0]
    if recipe in recipe_names():
        return f"Unknown parameter '{name}': the pipeline that runs does not read '{recipe}'."
    return schema.unknown(name, known)


def _simple_problem(expected: Any, value: Any, name: str) -> list[str]:
    try:
        TypeAdapter(expected).validate_python(value, strict=True)
    except ValidationError as error:
        return [f"Parameter '{name}' is {value!r}: {error.errors()[0]['msg']}."]
    return []


def _leaves(known: list[str], types: dict[str, Any]) -> list[str]:
    """Dotted names of all that can be set, to name the nearest in an error."""
    names = []
    for name in known:
        fields = getattr(types.get(name), "model_fields", None)
        names += [f"{name}.{field}" for field in fields] if fields else [name]
    return names
