"""The page on which all runs stand side by side."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from peftline import units
from peftline.comparison import groups, pairs, words
from peftline.comparison.result import Comparison, Pair, Row
from peftline.comparison.rows import by_name
from peftline.comparison.runs import Runs
from peftline.config import flat
from peftline.reports import (
    charts,
    columns,
    curves,
    disagreement,
    methods,
    template,
    trade_offs,
)

_BAR = 132  # pixels of the interval's drawing in the table


def page(found: Comparison, runs: Runs) -> str:
    """A self-contained page; everything that comes from data is escaped."""
    kept = groups.comparable(runs.runs).runs
    named = [(name, run) for name, of_one in by_name(kept).items() for run in of_one]
    used, unmeasured = columns.with_values(found)
    script = files("peftline.reports").joinpath("comparison.js").read_text(encoding="utf-8")
    text = template.render(
        "comparison",
        {"score": lambda row: words.score(row, found), "flat": flat, "facts": methods.facts},
        found=found,
        columns=used,
        unmeasured=unmeasured,
        bars=_bars(found.rows),
        bar=_BAR,
        matrix=_matrix(found),
        trade_offs=trade_offs.pictures(found),
        trade_off_size=(trade_offs.WIDTH, trade_offs.HEIGHT),
        curves=curves.pictures(found, named),
        curve_size=(curves.WIDTH, curves.HEIGHT),
        curve_words={"loss": curves.LOSSES, "progress": curves.PROGRESS},
        legend=curves.legend(found),
        browser=disagreement.embedded(found, kept),
        runs=len(kept),
        words=words,
        units=units,
        script=Markup(script),  # noqa: S704  # a file of ours, not data
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    # Half a surrogate pair, which models can write and UTF-8 lacks, is shown as a question mark.
    return text.encode("utf-8", "replace").decode("utf-8")


def _bars(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Where interval and value of each row stand, from zero on if no value is below."""
    ends = [
        end
        for row in rows
        if row.metric
        for end in (row.metric.value, row.metric.low, row.metric.high)
        if end is not None
    ]
    axis = charts.Axis([0.0, *ends], _BAR)
    return {
        row.name: {
            part: axis.at(at)
            for part in ("value", "low", "high")
            if (at := getattr(row.metric, part)) is not None
        }
        for row in rows
        if row.metric and row.metric.value is not None
    }


def _matrix(found: Comparison) -> list[dict[str, Any]]:
    """A line per tested row: what it is ahead of, behind of, or not distinguishable from."""
    known = {(pair.a, pair.b): pair for pair in found.pairs}
    known |= {(pair.b, pair.a): pairs.turned(pair) for pair in found.pairs}
    tested = {pair.a for pair in found.pairs} | {pair.b for pair in found.pairs}
    names = [row.name for row in found.rows if row.name in tested]
    return [{"name": a, "cells": [_cell(known.get((a, b)), found) for b in names]} for a in names]


def _cell(pair: Pair | None, found: Comparison) -> dict[str, str]:
    if pair is None:
        return {"kind": "self", "text": "", "title": ""}
    value, kind = pair.difference.value, "open"
    if pairs.is_significant(pair):
        kind = "ahead" if pairs.beats(pair, found.higher_is_better) else "behind"
    return {
        "kind": kind,
        "text": _rounded(100 * value) if found.is_share else f"{value:+.2g}",
        "title": f"{pair.a} − {pair.b}: {words.difference(pair.difference, found.is_share)}"
        f"{_at(pair, found)}, p {words.p_value(pair.p_value)}, "
        f"adjusted {words.p_value(pair.adjusted_p_value)}"
        + (f"; not testable: {pair.not_testable}" if pair.not_testable else ""),
    }


def _at(pair: Pair, found: Comparison) -> str:
    """The seeds of a pair of recipes; nothing for a row without training."""
    if pair.seeds:
        named = words.listing([str(seed) for seed in pair.seeds])
        return f" at seed{'s' if len(pair.seeds) > 1 else ''} {named}"
    trained = all(found.row(name).seeds for name in (pair.a, pair.b))
    return ", without a seed that both have" if trained else ""


def _rounded(points: float) -> str:
    """Whole points with their sign; nothing is -0."""
    return f"{round(points):+d}" if round(points) else "0"
