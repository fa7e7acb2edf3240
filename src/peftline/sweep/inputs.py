"""What the runs of a sweep start from, and the name that each of them gets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from peftline import identity, schema, sources, store
from peftline.config import Config, nearest
from peftline.delivery import adapter
from peftline.errors import PeftlineError
from peftline.handles import BaseModelFolder, Tokenised
from peftline.recipe import Recipe
from peftline.schema import Evaluation
from peftline.sweep.point import LOSS, Point


class Inputs(Config):
    """The same for every run of a sweep."""

    project: Path
    """Its folder, from which paths in a configuration are read."""
    environment: str | None
    """Of the configuration, such as `test`."""
    params: dict[str, Any]
    """What all runs are given besides, as with `--params`."""
    recipes: dict[str, dict[str, Any]]
    """Values of every recipe, as the configuration has them."""
    base: BaseModelFolder
    tokenised: Tokenised
    test_group_sizes: list[int]
    """Examples of each group of the test split."""
    evaluation: Evaluation
    tuning_share: float
    """Length of a tuning run, as a share of a whole one."""
    selection: str
    """What decides between settings: the validation loss, or a metric on the validation split."""


def recipe(name: str, changes: dict[str, Any], inputs: Inputs) -> Recipe:
    """A recipe with every default filled in.

    Args:
        changes: nested values that replace those of the configuration.

    Raises:
        PeftlineError: the result is no recipe.
    """
    values = OmegaConf.to_container(OmegaConf.merge(_written(name, inputs), changes))
    schema.raise_all(schema.problems(Recipe, values, name))
    return Recipe.model_validate(values)


def changes(point: Point, inputs: Inputs, parts: Mapping[str, Path]) -> dict[str, Any]:
    """What a run changes in its recipe, nested: its settings, its length, where its parts lie.

    Args:
        parts: folders of adapters that this sweep has trained, by recipe.

    Raises:
        PeftlineError: there is no such recipe, or its tuning run would be none.
    """
    values = OmegaConf.create()
    for key, value in point.settings.items():
        OmegaConf.update(values, key, value)
    if point.stage == "tuning":
        training = recipe(point.recipe, OmegaConf.to_container(values), inputs).training
        if training.max_steps is None:
            length = training.epochs * inputs.tuning_share
            OmegaConf.update(values, "training.epochs", length)
        else:
            steps = max(1, round(training.max_steps * inputs.tuning_share))
            OmegaConf.update(values, "training.max_steps", steps)
    names = part_names(_written(point.recipe, inputs))
    if names:
        places = [str(parts.get(name, name)) for name in names]
        OmegaConf.update(values, "adapter.adapters", places)
    return OmegaConf.to_container(values)


def key(point: Point, changed: dict[str, Any], inputs: Inputs) -> str:
    """A name for all that a run depends on: data, base, recipe, seed, versions, source.

    A tuning run that is chosen by its loss answers nothing, so neither the test split nor how
    answers are made changes its name. What answers are scored with is no part of the name of a
    whole run: a mended metric does not ask for days of training.

    Args:
        changed: what it changes in its recipe.

    Raises:
        PeftlineError: an adapter that it is made of is not there.
    """
    resolved = recipe(point.recipe, changed, inputs)
    places = part_names(resolved.model_dump())
    parts = [adapter.describe(inputs.project / place) for place in places]
    facts = {
        "stage": point.stage,
        "recipe": point.recipe,  # two of equal content are two runs, with places of their own
        "input": identity.input_hash(resolved, inputs.base, inputs.tokenised, point.seed, parts),
    }
    if point.stage == "final" or inputs.selection != LOSS:
        facts |= {"data": inputs.tokenised.data_sha256, **_answers(inputs)}
    if point.stage == "tuning":
        facts |= {"selection": inputs.selection}
    if point.stage == "tuning" and inputs.selection != LOSS:
        facts |= {"scoring": sources.sha256_without_recipe("peftline.evaluation.answers")}
    return store.short_hash(facts)


def _answers(inputs: Inputs) -> dict[str, Any]:
    """How answers are made; of a general text the content, wherever it lies."""
    evaluation = inputs.evaluation
    text = evaluation.general_text and inputs.project / evaluation.general_text
    content = store.sha256_of_files(text) if text and text.is_file() else str(text)
    # A deviation that is known from other runs is a part of sentences, not of scores.
    settings = evaluation.model_dump(exclude={"general_text", "run_deviation"})
    return {"evaluation": settings, "text": content}


def _written(name: str, inputs: Inputs) -> dict[str, Any]:
    """A recipe as its file has it."""
    if name not in inputs.recipes:
        raise PeftlineError(f"No recipe '{name}'. {nearest(name, list(inputs.recipes))}")
    return inputs.recipes[name]


def part_names(values: dict[str, Any]) -> list[str]:
    """The trained adapters that a recipe is made of, as it names them."""
    return list(values["adapter"].get("adapters", ()))
