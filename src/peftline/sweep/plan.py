"""The story of a sweep: try settings on validation, choose, run the winner whole."""

from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from peftline.config import Config
from peftline.errors import PeftlineError
from peftline.sweep import inputs as starts
from peftline.sweep import space
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import LOSS, Inputs
from peftline.sweep.point import Point, Result
from peftline.sweep.record import Record
from peftline.sweep.space import Axis, Settings


class Plan(Config):
    """What a sweep tries."""

    recipes: list[str]
    seeds: list[int]
    """Of the whole runs; settings are tried with the first."""
    axes: list[Axis] = []
    """What is tried for each recipe; nothing: each is run as it stands in its file."""
    trials: int = 8
    """Settings tried for each recipe where a range is searched."""


def run(plan: Plan, inputs: Inputs, record: Record, executor: Executor, jobs: int) -> None:
    """Run all recipes, `jobs` at a time; those that are made of others come last.

    Raises:
        PeftlineError: a setting does not exist in a recipe, or a recipe is made of one that the
            sweep does not have.
    """
    for recipe in plan.recipes:  # before the first run, not after hours
        axes_of(recipe, plan, inputs)
    record.take_over(plan.recipes, executor.key)
    for wave in _waves(plan, inputs):
        with ThreadPoolExecutor(jobs) as pool:
            runs = [pool.submit(_one, name, plan, inputs, record, executor) for name in wave]
            try:
                done, _ = wait(runs, return_when=FIRST_EXCEPTION)
                for ended in done:
                    ended.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                executor.stop()  # or leaving this block would wait for the runs to end
                raise


def points(plan: Plan, inputs: Inputs) -> list[Point]:
    """All that a sweep would run; settings that are searched or chosen on the way are left out."""
    found = []
    for recipe in plan.recipes:
        tried = space.count(axes_of(recipe, plan, inputs), plan.trials) if plan.axes else 0
        tuning = Point(stage="tuning", recipe=recipe, seed=plan.seeds[0])
        found += [tuning] * tried
        found += [Point(stage="final", recipe=recipe, seed=seed) for seed in plan.seeds]
    return found


def axes_of(recipe: str, plan: Plan, inputs: Inputs) -> list[Axis]:
    """What is tried for a recipe, with values instead of multiples of its own."""
    own = starts.recipe(recipe, {}, inputs).model_dump()
    return [space.absolute(axis, own) for axis in plan.axes]


def cost(result: Result, selection: str) -> float | None:
    """The score as something to be made small; None for a run that failed."""
    if result.score is None:
        return None
    return result.score if selection == LOSS else -result.score


def _waves(plan: Plan, inputs: Inputs) -> Iterator[list[str]]:
    made_of = {name: starts.part_names(inputs.recipes[name]) for name in plan.recipes}
    for name, parts in made_of.items():
        absent = [part for part in parts if part in inputs.recipes and part not in plan.recipes]
        if absent:
            raise PeftlineError(
                f"{name} is made of {', '.join(parts)}. Add {', '.join(absent)} to --recipes."
            )
    yield [name for name, parts in made_of.items() if not parts]
    yield [name for name, parts in made_of.items() if parts]


def _one(recipe: str, plan: Plan, inputs: Inputs, record: Record, executor: Executor) -> None:
    settings = _tune(recipe, plan, inputs, record, executor) if plan.axes else {}
    for seed in plan.seeds if settings is not None else ():
        executor.complete(Point(stage="final", recipe=recipe, seed=seed, settings=settings))


def _tune(
    recipe: str, plan: Plan, inputs: Inputs, record: Record, executor: Executor
) -> Settings | None:
    """Try settings until all have been; those with the best score, None if every run failed."""
    axes = axes_of(recipe, plan, inputs)
    tried: list[tuple[Settings, float | None]] = []
    while (settings := space.propose(axes, tried, plan.trials)) is not None:
        point = Point(stage="tuning", recipe=recipe, seed=plan.seeds[0], settings=settings)
        tried.append((settings, cost(executor.complete(point), inputs.selection)))
    chosen = space.best(tried)
    if chosen is not None:
        record.choose(recipe, chosen, len(tried))
    return chosen
