"""A page that shows what a model will see."""

from typing import Any

from peftline.reports import template
from peftline.units import duration, size

_WIDTH, _HEIGHT = 640, 160  # of the histogram's drawing area


def page(report: dict[str, Any]) -> str:
    """A self-contained page; everything that comes from data is escaped."""
    filters = {"size": size, "duration": duration, "visible": visible}
    figures = {"chart": _chart(report), "width": _WIDTH, "height": _HEIGHT}
    return template.render("preflight", filters, report=report, **figures)


def visible(text: str) -> str:
    """A piece of text with its line feeds and tabs shown."""
    return text.replace("\n", "↵\n").replace("\t", "⇥\t")


def _chart(report: dict[str, Any]) -> dict[str, Any]:
    """Bars of the length histogram, and where the limit stands; None where it is off the chart."""
    histogram = report["lengths"]["histogram"]
    counts, edges = histogram["counts"], histogram["edges"]
    low, high = edges[0], max(edges[-1], edges[0] + 1)
    tallest = max(counts) or 1
    limit = report["limit"]["tokens"]

    def x(value: float) -> float:
        """Where a length stands."""
        return round((value - low) / (high - low) * _WIDTH, 1)

    bars = [
        {
            "x": x(begin),
            "width": max(1, round(x(end) - x(begin) - 1, 1)),
            "height": round(count / tallest * _HEIGHT, 1),
            "over": begin >= limit,
            "title": f"{count} rows of {begin:.0f} to {end:.0f} tokens",
        }
        for count, begin, end in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    return {
        "bars": bars,
        "limit": x(limit) if low <= limit <= high else None,
        "low": round(low),
        "high": round(high),
    }
