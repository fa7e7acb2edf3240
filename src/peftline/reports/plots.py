"""Pictures of a run."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from peftline.reports.losses import is_number, points

_BLUE, _ORANGE = "#1f5fa8", "#d9730d"  # told apart by people who see no red or green


def learning_curve(history: dict[str, Any], title: str) -> Figure:
    """Training and validation loss over optimizer steps."""
    figure = Figure(figsize=(7, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    highest = 0.0
    for name, colour, marker in (
        ("train_loss", _BLUE, None),
        ("validation_loss", _ORANGE, "o"),
    ):
        curve = points(history["records"], name)
        highest = max([highest, *(loss for _, loss in curve)])
        if curve:
            label = name.replace("_", " ").replace("train ", "training ")
            axes.plot(*zip(*curve, strict=True), color=colour, marker=marker, label=label)
    last = history["validation_loss"]
    if is_number(last):
        axes.axhline(last, color=_ORANGE, linewidth=0.6, linestyle=":")
    axes.set(xlabel="optimizer step", ylabel="loss per supervised token", title=title)
    axes.set_ylim(0, 1.08 * highest or 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
