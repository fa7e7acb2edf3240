"""A sweep on the terminal: its plan before it runs, its table afterwards."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from peftline.sweep import estimate
from peftline.sweep import inputs as starts
from peftline.sweep.inputs import Inputs
from peftline.sweep.point import Point, Result

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
    finished = Counter((one.stage, one.recipe) for one in done)
    seconds: list[float | None] = []
    for (stage, recipe), runs in Counter((one.stage, one.recipe) for one in points).items():
        ready = min(runs, finished[stage, recipe])
        point = next(one for one in points if (one.stage, one.recipe) == (stage, recipe))
        resolved = starts.recipe(recipe, starts.changes(point, inputs, {}), inputs)
        one = estimate.seconds(point, resolved, known, inputs)
        seconds.append(None if one is None else one * (runs - ready))
        left = "?" if seconds[-1] is None else f"{seconds[-1] / 60:.1f}"
        table.add_row(stage, recipe, str(runs), str(ready), left)
    console = _console()
    console.print(table)
    if None in seconds:
        console.print(
            "No time is predicted: no recipe was run on this data and base. Run one, or look at "
            "`kedro run --pipeline=preflight`."
        )
        return
    total = timedelta(seconds=round(sum(seconds) / jobs))
    beside = {one.stage for one in points} - set(known.beside_training)
    console.print(f"Predicted time: {total} with {jobs} at a time.")
    if beside:
        console.print("Training alone: no whole run of a sweep is known yet.")


def results(found: Sequence[Result], experiment: str, folder: Path) -> None:
    """Print what came of each point, and how to go on."""
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
    console = _console()
    console.print(table)
    console.print(f"kedro run --pipeline=compare --params=experiment={experiment}")


def chosen(best: Result | None, gain: float) -> None:
    """Print the rung that a ladder ends on."""
    if best is None:
        _console().print("No rung could be run; see the errors below.")
        return
    settings = ",".join(f"{best.recipe}.{key}={value}" for key, value in best.settings.items())
    params = f" --params={settings}" if settings else ""
    _console().print(
        f"The smallest that is enough: kedro run --pipeline={best.recipe}{params}\n"
        f"(validation {best.score:.4f}; the next rung gains less than {gain:.0%})"
    )


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)
