"""The story of a sweep: try settings on validation, choose, run the winner whole."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from peftline.config import Config
from peftline.errors import PeftlineError
from peftline.sweep import inputs as starts
from peftline.sweep import space
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import Inputs
from peftline.sweep.point import Chosen, Point, Result
from peftline.sweep.record import Record
from peftline.sweep.selection import SELECTIONS
from peftline.sweep.space import Axis, Settings

T, R = TypeVar("T"), TypeVar("R")


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
        InterruptedError: a run was ended by somebody.
    """
    for wave in _waves(plan, inputs):
        _all(wave, lambda name: _one(name, plan, inputs, record, executor, jobs), executor, jobs)


def check(plan: Plan, inputs: Inputs, record: Record) -> None:
    """Find out before the first run, not after hours, what cannot be run.

    Raises:
        PeftlineError: a setting does not exist in a recipe, or makes it impossible, or a recipe is
            made of one that the sweep neither has nor will have.
    """
    for name in plan.recipes:
        parts = starts.part_names(inputs.recipes[name])
        absent = [
            part
            for part in parts
            if part in inputs.recipes
            and part not in plan.recipes
            and not record.has_finals(part, plan.seeds)
        ]
        if absent:
            raise PeftlineError(
                f"{name} is made of {', '.join(parts)}. Add {', '.join(absent)} to --recipes."
            )
    corners = [  # of what is searched, which names its settings on the way
        Point(stage="tuning", recipe=name, seed=plan.seeds[0], settings=settings)
        for name in plan.recipes
        for settings in space.corners(axes_of(name, plan, inputs))
    ]
    for point in [*points(plan, inputs), *corners]:
        starts.recipe(point.recipe, starts.changes(point, inputs, {}), inputs)


def points(plan: Plan, inputs: Inputs) -> list[Point]:
    """All that a sweep would run; settings that are found or chosen on the way are left out."""
    found = []
    for recipe in plan.recipes:
        axes = axes_of(recipe, plan, inputs)
        tuning = Point(stage="tuning", recipe=recipe, seed=plan.seeds[0])
        if space.is_grid(axes):
            tried = [settings for settings in space.combinations(axes) if settings]
            found += [tuning.model_copy(update={"settings": settings}) for settings in tried]
        else:
            found += [tuning] * plan.trials
        found += [Point(stage="final", recipe=recipe, seed=seed) for seed in plan.seeds]
    return found


def axes_of(recipe: str, plan: Plan, inputs: Inputs) -> list[Axis]:
    """What is tried for a recipe, with values instead of multiples of its own."""
    own = starts.recipe(recipe, {}, inputs)
    return [space.absolute(axis, own, recipe) for axis in plan.axes]


def cost(result: Result, selection: str) -> float | None:
    """The score as something to be made small; None for a run that failed."""
    if result.score is None:
        return None
    return -result.score if SELECTIONS[selection] else result.score


def _waves(plan: Plan, inputs: Inputs) -> list[list[str]]:
    made_of = {name: starts.part_names(inputs.recipes[name]) for name in plan.recipes}
    return [
        [name for name, parts in made_of.items() if not parts],
        [name for name, parts in made_of.items() if parts],
    ]


def _one(
    recipe: str, plan: Plan, inputs: Inputs, record: Record, executor: Executor, jobs: int
) -> None:
    settings = _tune(recipe, plan, inputs, record, executor, jobs) if plan.axes else {}
    if settings is None:
        return
    finals = [
        Point(stage="final", recipe=recipe, seed=seed, settings=settings) for seed in plan.seeds
    ]
    _all(finals, executor.complete, executor, jobs)


def _tune(
    recipe: str, plan: Plan, inputs: Inputs, record: Record, executor: Executor, jobs: int
) -> Settings | None:
    """Try settings until all have been; those with the best score, None if every run failed."""

    def score(settings: Settings) -> tuple[Settings, float | None]:
        """One run."""
        point = Point(stage="tuning", recipe=recipe, seed=plan.seeds[0], settings=settings)
        return settings, cost(executor.complete(point), inputs.selection)

    axes = axes_of(recipe, plan, inputs)
    if space.is_grid(axes):
        tried = _all(space.combinations(axes), score, executor, jobs)
    else:  # each depends on those before
        tried = []
        while len(tried) < plan.trials:
            tried.append(score(space.suggest(axes, tried)))
    chosen = space.best(tried)
    if chosen is not None:
        edges = space.edges(axes, chosen)
        record.choose(recipe, Chosen(settings=chosen, candidates=len(tried), edges=edges))
    return chosen


def _all(of: Sequence[T], work: Callable[[T], R], executor: Executor, jobs: int) -> list[R]:
    """The results of some work for each; the first error stops the others."""
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(work, one) for one in of]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:  # or a result that is still to come would be waited for first
                future.result()
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            executor.stop()  # or leaving this block would wait for the runs to end
            raise
