"""From the smallest method and rank upwards, for as long as validation still gains."""

from collections.abc import Sequence
from typing import NamedTuple

from peftline.errors import PeftlineError
from peftline.sweep import inputs as starts
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import Inputs
from peftline.sweep.plan import cost
from peftline.sweep.point import Chosen, Point, Result
from peftline.sweep.record import Record

RUNGS = ("ia3", "lora:1", "lora:2", "lora:4", "lora:8", "lora:16", "lora:32", "lora:64")
"""From 58 thousand to 20 million trained parameters on a model of 135 million."""
GAIN = 0.02
"""Share by which a rung must improve a score to be worth a larger adapter."""


class Climbed(NamedTuple):
    """How a climb ended."""

    chosen: Result | None
    """None if all rungs that were tried have failed."""
    stopped_by: Result | None
    """The last rung that gained too little on those of its recipe; None if none did."""


def parse(text: str) -> Point:
    """Read `recipe` or `recipe:rank`; alpha is twice the rank, so that one learning rate suits all.

    Raises:
        PeftlineError: it is neither.
    """
    name, colon, rank = text.strip().partition(":")
    if not colon and name:
        return Point(stage="tuning", recipe=name, seed=0)
    if not name or not rank.isdecimal() or int(rank) < 1:
        raise PeftlineError(f"'{text}' is no rung. Write a recipe, or RECIPE:RANK such as lora:8.")
    settings = {"adapter.rank": int(rank), "adapter.alpha": 2 * int(rank)}
    return Point(stage="tuning", recipe=name, seed=0, settings=settings)


def climb(
    rungs: Sequence[Point],
    seeds: Sequence[int],
    gain: float,
    inputs: Inputs,
    record: Record,
    executor: Executor,
) -> Climbed:
    """Run one rung after the other; where one does not gain on those of its recipe, leave that.

    The first of a recipe is not left: that it is worse than another method says nothing of its
    larger ranks. Then the best of all is run whole, which is the smallest of those that are alike.

    Args:
        rungs: from the smallest up; those that fail are stepped over.
        seeds: of the whole runs; rungs are tried with the first.
        gain: see `GAIN`.
    """
    best: Result | None = None
    stopped_by: Result | None = None
    least: dict[str, float] = {}  # cost of each recipe so far
    left: set[str] = set()
    tried = 0
    for rung in rungs:
        if rung.recipe in left:
            continue
        result = executor.complete(rung.model_copy(update={"seed": seeds[0]}))
        tried += 1
        now = cost(result, inputs.selection)
        if now is None:
            continue
        if _gains(now, cost(best, inputs.selection) if best else None, gain):
            best = result
        if _gains(now, least.get(rung.recipe), gain):
            least[rung.recipe] = now
        else:
            stopped_by = result
            left.add(rung.recipe)
    if best is not None:
        record.choose(best.recipe, Chosen(settings=best.settings, candidates=tried))
    for seed in seeds if best else ():
        executor.complete(
            Point(stage="final", recipe=best.recipe, seed=seed, settings=best.settings)
        )
    return Climbed(best, stopped_by)


def _gains(now: float, reached: float | None, gain: float) -> bool:
    return reached is None or now < reached - gain * abs(reached)


def points(rungs: Sequence[Point], seeds: Sequence[int]) -> list[Point]:
    """All that a climb to the top would run."""
    top = rungs[-1]
    tuning = [rung.model_copy(update={"seed": seeds[0]}) for rung in rungs]
    finals = [top.model_copy(update={"stage": "final", "seed": seed}) for seed in seeds]
    return [*tuning, *finals]


def check(rungs: Sequence[Point], inputs: Inputs) -> None:
    """Find out before the first run what cannot be run.

    Raises:
        PeftlineError: a rung is no recipe with this rank.
    """
    for rung in rungs:
        starts.recipe(rung.recipe, starts.changes(rung, inputs, {}), inputs)
