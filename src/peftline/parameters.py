"""No parameter is ignored: what a pipeline does not read, it refuses."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pydantic import BaseModel, TypeAdapter, ValidationError

from peftline import capabilities, schema
from peftline.config import flat, nearest
from peftline.paths import is_experiment_name, project_path, recipe_adapter, recipe_names
from peftline.recipe import Recipe

_CHOSEN = "preflight"  # a copy of the recipe that `preflight_recipe` names
_OF_ALL = "experiment"  # whose folder every pipeline reads or writes
# Read by the catalog, for the place or the content of these data sets.
_OF_DATASETS = {"chosen_adapter": "seed", "preflight.run": "preflight_recipe"}


def check_parameters(
    pipelines: Mapping[str, Pipeline],
    parameters: dict[str, Any],
    given: dict[str, Any],
    registered: Mapping[str, Pipeline],
) -> None:
    """Check what the configuration says against the types that nodes declare.

    Args:
        pipelines: those that will run, by name.
        parameters: all of the configuration, runtime parameters merged in.
        given: runtime parameters alone (`--params`, or `params` in a file for `--config`).
        registered: all pipelines, to name those that read what these do not.

    Raises:
        PeftlineError: all unknown names, wrong types and missing values together.
    """
    types = _declared_types(pipelines)
    read = set().union(*map(_read, pipelines.values()))
    known = sorted(read | {_OF_ALL})
    recipe = parameters.get("preflight_recipe")
    accepted = [*known, recipe] if _CHOSEN in read else known
    found = [
        _unread(name, _leaves(known, types), list(pipelines), registered)
        for name in flat(given)
        if not any(name == one or name.startswith(f"{one}.") for one in accepted)
    ]
    experiment = parameters.get(_OF_ALL)
    if experiment is not None and not is_experiment_name(str(experiment)):
        found.append(
            f"Parameter 'experiment' is {experiment!r}: a name has letters, digits, '.', '_', '-' "
            "and '/', and each part begins with a letter or digit."
        )
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


def _read(pipeline: Pipeline) -> set[str]:
    """The parameters that a pipeline reads, in nodes and for the places of its data sets."""
    inputs = pipeline.inputs()
    nodes = {name.removeprefix("params:") for name in inputs if name.startswith("params:")}
    return nodes | {name for dataset, name in _OF_DATASETS.items() if dataset in inputs}


def _other_flow(name: str, recipe: Any, pipelines: Mapping[str, Pipeline]) -> list[str]:
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


def _declared_types(pipelines: Mapping[str, Pipeline]) -> dict[str, Any]:
    """What nodes declare about the parameters they read; Kedro's own way skips plain types."""
    types = {}
    for node in (node for pipeline in pipelines.values() for node in pipeline.nodes):
        hints = get_type_hints(node.func)
        for argument, name in _arguments(node).items():
            if name.startswith("params:") and argument in hints:
                types[name.removeprefix("params:")] = hints[argument]
    return types


def _arguments(node: Node) -> dict[str, str]:
    """The inputs of a node by the name of the argument that takes each."""
    inputs = node._inputs
    if isinstance(inputs, dict):
        return inputs
    return dict(zip(inspect.signature(node.func).parameters, node.inputs, strict=False))


def _unread(
    name: str, known: list[str], running: list[str], registered: Mapping[str, Pipeline]
) -> str:
    """Why a parameter is refused, and which pipelines would read it."""
    first = name.split(".", 1)[0]
    readers = {one for one, pipeline in registered.items() if first in _read(pipeline)}
    recipes = set(recipe_names())
    others = sorted(readers - recipes - {"all", "__default__"})
    if not readers:
        return schema.unknown(name, known)
    named = ["every recipe"] if recipes <= readers else sorted(readers & recipes)
    return (
        f"Parameter '{name}' would have no effect: {', '.join(running)} does not read '{first}'. "
        f"It is read by {', '.join([*named, *others])}."
    )


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
