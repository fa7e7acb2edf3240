"""How long the runs of a sweep will take, from runs that there were."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from peftline import training
from peftline.errors import PeftlineError
from peftline.recipe import Recipe
from peftline.sweep import state
from peftline.sweep.inputs import Inputs
from peftline.sweep.point import Point
from peftline.sweep.state import Sweep

logger = logging.getLogger(__name__)


class Known(NamedTuple):
    """What former runs took, on the same data and base."""

    seconds_per_step: dict[str, float]
    """By recipe."""
    beside_training: dict[str, float]
    """Seconds of a run apart from its training, by stage."""


def known(root: Path, inputs: Inputs) -> Known:
    """Read the summaries and the sweeps of an environment that are about this data and base."""
    here = (inputs.base.sha256, inputs.tokenised.data_sha256)
    per_step: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    for file in root.glob("08_reporting/*/seed-*/summary.json"):
        summary = json.loads(file.read_text("utf-8"))
        if (summary["base_model"]["sha256"], summary["data"]["sha256"]) == here:
            each = summary["train_seconds"] / summary["steps"]
            per_step.setdefault(summary["recipe"], []).append(each)
    for sweep in _sweeps(root):
        if (sweep.base_sha256, sweep.data_sha256) != here:
            continue
        for point in sweep.points:
            if point.status == "finished":
                per_step.setdefault(point.recipe, []).append(point.train_seconds / point.steps)
                beside.setdefault(point.stage, []).append(point.seconds - point.train_seconds)
    return Known(
        {recipe: median(values) for recipe, values in per_step.items()},
        {stage: median(values) for stage, values in beside.items()},
    )


def _sweeps(root: Path) -> Iterator[Sweep]:
    """All that can be read: a prediction does without the others."""
    for folder in sorted(root.glob("experiments/*")):
        try:
            sweep = state.read(folder)
        except PeftlineError as error:
            logger.warning("Not used to predict times: %s", error)
            continue
        if sweep:
            yield sweep


def seconds(point: Point, recipe: Recipe, of: Known, inputs: Inputs) -> float | None:
    """Predicted time of one run; a recipe that never ran counts as the median of the others.

    Args:
        recipe: with all changes of the point.

    Returns:
        None where no run is known. Time beside training is left out where no run of this stage is.
    """
    if not of.seconds_per_step:
        return None
    per_step = of.seconds_per_step.get(point.recipe, median(of.seconds_per_step.values()))
    rows = inputs.tokenised.train
    steps = training.total_steps(recipe.training, rows, inputs.tokenised.total_tokens / rows)
    return steps * per_step + of.beside_training.get(point.stage, 0.0)
