"""Learning curves of all runs in one picture, for each loss and each measure of progress."""

from typing import Any

from peftline.comparison.result import Comparison
from peftline.comparison.runs import Run
from peftline.reports import charts, losses

WIDTH, HEIGHT = 760, 320  # of the drawing area, in pixels
_COLOURS = 8  # of the page's palette
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "1 4")
_SHOWN_AT_FIRST = 8  # more lines than that are told apart by nobody
LOSSES = {"validation_loss": "validation loss", "train_loss": "training loss"}
PROGRESS = {"steps": "optimizer steps", "tokens": "training tokens"}


def pictures(found: Comparison, runs: list[tuple[str, Run]]) -> list[dict[str, Any]]:
    """A picture for each loss and each measure of progress.

    Args:
        found: the comparison; its order of rows is that of the legend.
        runs: each with the name of its row.
    """
    return [
        _picture(found, runs, loss, progress)
        for loss in LOSSES
        for progress in PROGRESS
        if any(points(run, loss, progress) for _, run in runs)
    ]


def legend(found: Comparison) -> list[dict[str, Any]]:
    """Each recipe with its colour and dash; the best ones are shown at first."""
    recipes = [row.name for row in found.rows if row.kind == "recipe"]
    return [
        {
            "name": name,
            "index": at,
            "colour": at % _COLOURS,
            "dash": _DASHES[at // _COLOURS % len(_DASHES)],
            "shown": at < _SHOWN_AT_FIRST,
        }
        for at, name in enumerate(recipes)
    ]


def points(run: Run, loss: str, progress: str) -> list[tuple[float, float]]:
    """Progress and loss at each record that has this loss, as long as it is a finite number.

    Tokens at a step are its share of all steps: batches hold nearly equal numbers of tokens.
    """
    per_step = 1.0
    if progress == "tokens":
        per_step = run.summary["tokens"]["total"] / max(1, run.summary["steps"])
    curve = losses.points(run.history.get("records", []), loss)
    return [(step * per_step, value) for step, value in curve]


def _picture(
    found: Comparison, runs: list[tuple[str, Run]], loss: str, progress: str
) -> dict[str, Any]:
    looks = {one["name"]: one for one in legend(found)}
    lines = [(name, run, points(run, loss, progress)) for name, run in runs]
    lines = [line for line in lines if line[2]]
    losses = [y for *_, line in lines for _, y in line]
    x = charts.Axis([at for *_, line in lines for at, _ in line], WIDTH)
    y = charts.Axis(losses, HEIGHT, log=charts.wants_log(losses))
    return {
        "loss": loss,
        "progress": progress,
        "title": f"{LOSSES[loss]} per supervised token, over {PROGRESS[progress]}",
        "log": y.log,
        "x_label": PROGRESS[progress],
        "lines": [
            {
                **looks[name],
                "title": f"{name}, seed {run.seed}: {LOSSES[loss]} {line[-1][1]:.4f} at the end",
                "path": charts.path((x.at(at), round(HEIGHT - y.at(v), 1)) for at, v in line),
            }
            for name, run, line in lines
        ],
        "x_ticks": [charts.Tick(x.at(t), f"{t:,.0f}") for t in x.ticks() if t >= 0],
        "y_ticks": [charts.Tick(round(HEIGHT - y.at(t), 1), f"{t:g}") for t in y.ticks()],
    }
