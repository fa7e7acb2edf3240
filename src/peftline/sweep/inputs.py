"""What the runs of a sweep start from, and the name that each of them gets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from peftline import identity, schema, store
from peftline.config import Config
from peftline.delivery import adapter
from peftline.handles import BaseModelFolder, Tokenised
from peftline.schema import Evaluation, Recipe
from peftline.sweep.point import Point

LOSS = "validation_loss"
_KEY_LENGTH = 16


class Inputs(Config):
    """The same for every run of a sweep."""

    environment: str | None
    """Of the configuration, such as `test`."""
    params: dict[str, Any]
    """What all runs are given besides, as with `--params`."""
    recipes: dict[str, dict[str, Any]]
    """Values of every recipe, as the configuration has them."""
    base: BaseModelFolder
    tokenised: Tokenised
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
    values = OmegaConf.to_container(OmegaConf.merge(inputs.recipes[name], changes))
    schema.raise_all(schema.problems(Recipe, values, name))
    return Recipe.model_validate(values)


def changes(point: Point, inputs: Inputs, parts: Mapping[str, Path]) -> dict[str, Any]:
    """What a run changes in its recipe, nested: its settings, its length, where its parts lie.

    Args:
        parts: folders of adapters that this sweep has trained, by recipe.
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
    names = part_names(inputs.recipes[point.recipe])
    if names:
        places = [str(parts.get(name, name)) for name in names]
        OmegaConf.update(values, "adapter.adapters", places)
    return OmegaConf.to_container(values)


def key(point: Point, changed: dict[str, Any], inputs: Inputs) -> str:
    """A name for all that a run depends on: data, base, recipe, seed, versions, source.

    A tuning run that is chosen by its loss answers nothing, so how answers are made does not change
    its name.

    Args:
        changed: what it changes in its recipe.
    """
    resolved = recipe(point.recipe, changed, inputs)
    parts = [adapter.describe(Path(place)) for place in part_names(resolved.model_dump())]
    # Where they lie is another matter than what they are.
    named = {"adapter": {"adapters": [part.sha256 for part in parts]}} if parts else {}
    trained = recipe(point.recipe, OmegaConf.merge(changed, named), inputs)
    answers = point.stage == "final" or inputs.selection != LOSS
    return store.sha256_of(
        {
            "stage": point.stage,
            "input": identity.input_hash(trained, inputs.base, inputs.tokenised, point.seed, parts),
            "evaluation": inputs.evaluation.model_dump() if answers else None,
        }
    )[:_KEY_LENGTH]


def part_names(values: dict[str, Any]) -> list[str]:
    """The trained adapters that a recipe is made of, as it names them."""
    return list(values["adapter"].get("adapters", ()))
