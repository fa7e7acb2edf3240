"""All rows with their intervals, as a picture for kedro-viz."""

from typing import TYPE_CHECKING

from peftline.comparison import words
from peftline.comparison.result import Comparison, Row

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BEST, _RECIPE, _BASE = "#1f5fa8", "#8aa9c9", "#d9730d"
_LINE_HEIGHT, _FRAME = 26, 130  # pixels


def forest(found: Comparison) -> "go.Figure":
    """A point and its 95 % interval for each row, best on top; validation loss if unscored."""
    import plotly.graph_objects as go

    scale = 100 if found.is_share and found.headline else 1
    rows = [row for row in found.rows if _value(row) is not None]
    axis = f"{found.headline}, %" if scale == 100 else found.headline or "validation loss"
    figure = go.Figure(
        go.Scatter(
            x=[scale * _value(row) for row in rows],
            y=[row.name for row in rows],
            mode="markers",
            marker={"size": 9, "color": [_colour(row, found) for row in rows]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [scale * _reach(row, "high") for row in rows],
                "arrayminus": [scale * _reach(row, "low") for row in rows],
                "color": "#999999",
            },
            hovertext=[f"{row.name}: {words.score(row, found)}" for row in rows],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        title="Dark blue: the best recipe and those not significantly worse; orange: no training",
        title_font_size=13,
        height=_FRAME + _LINE_HEIGHT * len(rows),
        xaxis_title=axis,
        yaxis={"autorange": "reversed", "automargin": True, "type": "category"},
        template="plotly_white",
        margin={"t": 50, "r": 20},
    )
    return figure


def _value(row: Row) -> float | None:
    return row.metric.value if row.metric else row.validation_loss


def _reach(row: Row, end: str) -> float:
    """From the value to one end of its interval."""
    at = getattr(row.metric, end) if row.metric else None
    return 0.0 if at is None else abs(at - row.metric.value)


def _colour(row: Row, found: Comparison) -> str:
    if row.kind == "base":
        return _BASE
    return _BEST if row.name in found.best_group else _RECIPE
