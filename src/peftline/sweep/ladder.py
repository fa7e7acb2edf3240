"""From the smallest method and rank upwards, for as long as validation still gains."""

from collections.abc import Sequence

from peftline.errors import PeftlineError
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import Inputs
from peftline.sweep.plan import cost
from peftline.sweep.point import Point, Result
from peftline.sweep.record import Record

RUNGS = ("ia3", "lora:1", "lora:2", "lora:4", "lora:8", "lora:16", "lora:32", "lora:64")
"""From 58 thousand to 20 million trained parameters on a model of 135 million."""
GAIN = 0.02
"""Share by which a rung must improve the best score so far. Two seeds of one run differ by less
than that in validation loss."""


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
) -> Result | None:
    """Run one rung after the other until one does not gain; run the best one whole.

    Args:
        rungs: from the smallest up.
        seeds: of the whole runs; rungs are tried with the first.
        gain: see `GAIN`.

    Returns:
        The rung that was chosen; None if all that were tried have failed.
    """
    best: Result | None = None
    tried = 0
    for rung in rungs:
        result = executor.complete(rung.model_copy(update={"seed": seeds[0]}))
        tried += 1
        reached, now = (cost(one, inputs.selection) if one else None for one in (best, result))
        if reached is None or (now is not None and now < reached - gain * abs(reached)):
            best = result if now is not None else best
        elif now is not None:
            break
    if best is None:
        return None
    record.choose(best.recipe, best.settings, tried)
    for seed in seeds:
        whole = {"stage": "final", "recipe": best.recipe, "seed": seed, "settings": best.settings}
        executor.complete(Point(**whole))
    return best
