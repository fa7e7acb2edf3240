"""Pictures of quality against each cost."""

from typing import Any

from peftline.comparison import costs, words
from peftline.comparison.result import Comparison, Cost, Row
from peftline.reports import charts

WIDTH, HEIGHT = 440, 280  # of the drawing area, in pixels
_AXES: dict[Cost, tuple[str, float, str]] = {  # title, unit of the ticks and its name
    "peak_memory_bytes": ("peak memory of training", 2**30, "GiB"),
    "train_seconds": ("training time", 60, "minutes"),
    "adapter_bytes": ("size of the adapter", 2**20, "MiB"),
    "forgetting": ("forgetting", 1, "rise of the loss on general text"),
    "trainable_parameters": ("trained parameters", 1e6, "millions"),
    "seconds_per_token": ("time of an answer", 1e-3, "ms a token"),
}
_LABEL_HEIGHT = 13
_BEYOND = 0.72  # of the width: labels of points further right stand on their left


def pictures(found: Comparison) -> list[dict[str, Any]]:
    """A picture for each cost that at least one scored recipe has."""
    made = (_picture(found, cost) for cost in _AXES)
    return [picture for picture in made if picture["points"]]


def _picture(found: Comparison, cost: Cost) -> dict[str, Any]:
    recipes = [row for row in found.rows if row.kind == "recipe" and _has_value(row)]
    rows = [row for row in recipes if getattr(row.costs, cost) is not None]
    title, unit, unit_name = _AXES[cost]
    prices = [getattr(row.costs, cost) / unit for row in rows]
    ends = [end for row in rows for end in _ends(row)]
    x = charts.Axis(prices, WIDTH, log=charts.wants_log(prices))
    y = charts.Axis(ends, HEIGHT)
    members = set(found.pareto.get(cost, ()))
    points = [
        _point(row, found, cost, unit, x, y, row.name in members)
        for row in sorted(rows, key=lambda row: row.name in members)  # members are drawn on top
    ]
    labelled = [point for point in points if point["pareto"]]
    heights = charts.apart([point["y"] for point in labelled], _LABEL_HEIGHT)
    for point, height in zip(labelled, heights, strict=True):
        point["label_y"] = height
    frontier = sorted((point["x"], point["y"]) for point in labelled)
    return {
        "cost": cost,
        "title": title,
        "x_label": f"{unit_name}, logarithmic" if x.log else unit_name,
        "points": points,
        "frontier": charts.path(frontier) if len(frontier) > 1 else "",
        "x_ticks": [charts.Tick(x.at(tick), f"{tick:g}") for tick in x.ticks()],
        "y_ticks": [
            charts.Tick(HEIGHT - y.at(tick), words.value(tick, found.is_share))
            for tick in y.ticks()
        ],
        "missing": [row.name for row in recipes if row not in rows],
    }


def _point(
    row: Row,
    found: Comparison,
    cost: Cost,
    unit: float,
    x: charts.Axis,
    y: charts.Axis,
    pareto: bool,
) -> dict[str, Any]:
    price = getattr(row.costs, cost)
    low, high = _ends(row)
    across = x.at(price / unit)
    return {
        "name": row.name,
        "title": f"{row.name}: {words.score(row, found)}; {costs.told(cost, price)}",
        "x": across,
        "y": round(HEIGHT - y.at(row.metric.value), 1),
        "low": round(HEIGHT - y.at(low), 1),
        "high": round(HEIGHT - y.at(high), 1),
        "pareto": pareto,
        "left": across > _BEYOND * WIDTH,
        "label_y": round(HEIGHT - y.at(row.metric.value), 1),
    }


def _has_value(row: Row) -> bool:
    return row.metric is not None and row.metric.value is not None


def _ends(row: Row) -> tuple[float, float]:
    low, high = row.metric.low, row.metric.high
    value = row.metric.value
    return (value if low is None else low), (value if high is None else high)
