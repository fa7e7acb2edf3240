"""A sweep on the terminal: its plan before it runs, its table afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from peftline.evaluation.statistics.power import planned_detectable_difference
from peftline.sweep import estimate
from peftline.sweep import inputs as starts
from peftline.sweep.inputs import Inputs
from peftline.sweep.ladder import Climbed
from peftline.sweep.point import Chosen, Point, Result

_ALIKE = 0.2  # share of examples in which two recipes differ: 0.15 to 0.25 on the built-in data
_WIDTH = 140  # of tables that are piped into a file, which has no width


def preview(
    points: Sequence[Point],
    done: Sequence[Result],
    known: estimate.Known,
    inputs: Inputs,
    jobs: int,
) -> None:
    """Print the runs that a sweep would make, how many are done, and the time of the rest.

    Args:
        points: all that it would run; settings that are still to be searched or chosen are empty.
        done: what former sittings have finished and is still valid.
        jobs: runs at the same time, which are assumed not to slow each other.
    """
    table = Table("stage", "recipe", "runs", "done", "minutes left", title="Plan")
    seconds: list[float | None] = []
    for stage, recipe in dict.fromkeys((one.stage, one.recipe) for one in points):
        group = [one for one in points if (one.stage, one.recipe) == (stage, recipe)]
        runs, ready, point = len(group), _ready(group, done), group[0]
        resolved = starts.recipe(recipe, starts.changes(point, inputs, {}), inputs)
        one = estimate.seconds(point, resolved, known, inputs)
        seconds.append(None if one is None else one * (runs - ready))
        left = "?" if seconds[-1] is None else f"{seconds[-1] / 60:.1f}"
        table.add_row(stage, recipe, str(runs), str(ready), left)
    console = _console()
    console.print(table)
    sizes = inputs.test_group_sizes
    apart = planned_detectable_difference(sizes, _ALIKE)
    if apart:
        console.print(
            f"{sum(sizes)} test examples in {len(sizes)} groups: two recipes of which one is right "
            f"and the other wrong in {_ALIKE:.0%} of them can be told apart (4 times in 5) if they "
            f"are {100 * apart:.0f} points apart."
        )
    if None in seconds:
        console.print(
            "No time is predicted: no recipe was run on this data and base. Run one, or look at "
            "`kedro run --pipelines=preflight`."
        )
        return
    total = timedelta(seconds=round(sum(seconds) / jobs))
    beside = {one.stage for one in points} - set(known.beside_training)
    console.print(f"Predicted time: {total} with {jobs} at a time.")
    if beside:
        console.print("Training alone: no whole run of a sweep is known yet.")


def results(found: Sequence[Result], folder: Path) -> None:
    """Print what came of each point."""
    table = Table(
        "stage", "recipe", "seed", "settings", "status", "score", "minutes", title=str(folder)
    )
    for one in sorted(found, key=lambda one: (one.stage == "final", one.recipe, one.seed)):
        settings = ", ".join(f"{key}={value}" for key, value in one.settings.items())
        score = "" if one.score is None else f"{one.score:.4f}"
        minutes = "" if one.seconds is None else f"{one.seconds / 60:.1f}"
        table.add_row(
            one.stage, one.recipe, str(one.seed), settings, one.error or one.status, score, minutes
        )
    _console().print(table)


def edges(chosen: Mapping[str, Chosen]) -> None:
    """Print which recipes may be better still with a value beyond those that were tried."""
    for recipe, one in chosen.items():
        for key, which in one.edges.items():
            _console().print(
                f"{recipe}: the best {key} is {one.settings[key]}, the {which} that was tried. "
                "A wider grid may find a better one; what is known already is not run again."
            )


def comparing(experiment: str) -> None:
    """Print how to go on."""
    _console().print(f"kedro run --pipelines=compare --params=experiment={experiment}")


def climbed(end: Climbed, gain: float) -> None:
    """Print the rung that a ladder ends on, and why."""
    best = end.chosen
    if best is None:
        _console().print("No rung could be run.")
        return
    settings = ",".join(f"{best.recipe}.{key}={value}" for key, value in best.settings.items())
    params = f" --params={settings}" if settings else ""
    why = "nothing larger was asked for"
    if end.stopped_by:
        last = end.stopped_by
        why = (
            f"{_rung(last)} reached {last.score:.4f}, which gains less than {gain:.0%} on the "
            "ranks before it"
        )
    _console().print(
        f"The smallest that is enough: kedro run --pipelines={best.recipe}{params}\n"
        f"Validation: {best.score:.4f}; {why}."
    )


def _rung(point: Point) -> str:
    """As it is typed: `lora:8`."""
    rank = point.settings.get("adapter.rank")
    return f"{point.recipe}:{rank}" if rank else point.recipe


def _ready(group: Sequence[Point], done: Sequence[Result]) -> int:
    """How many of the runs of a recipe are done. Settings that are not known yet fit all."""
    there = [one for one in done if (one.stage, one.recipe) == (group[0].stage, group[0].recipe)]
    known = [(one.seed, one.settings) for one in there]
    if group[0].stage == "tuning" and group[0].settings:
        return sum((one.seed, one.settings) in known for one in group)
    seeds = Counter(one.seed for one in group)
    found = Counter(one.seed for one in there)
    return sum(min(count, found[seed]) for seed, count in seeds.items())


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
