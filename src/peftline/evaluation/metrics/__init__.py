"""Metrics by name: how examples are scored, and which metric decides."""

from typing import Any

from peftline.evaluation.metrics.labels import LABELS
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.metrics.multiple_choice import MULTIPLE_CHOICE
from peftline.evaluation.metrics.numeric import NUMERIC
from peftline.evaluation.metrics.perplexity import PERPLEXITY
from peftline.evaluation.metrics.refusal import REFUSAL
from peftline.evaluation.metrics.text import TEXT
from peftline.evaluation.metrics.tool_calls import TOOL_CALLS as TOOL_CALLS
from peftline.evaluation.rows import Rows
from peftline.tool_calls import scoring

_ALL = (TEXT, TOOL_CALLS, LABELS, MULTIPLE_CHOICE, NUMERIC, REFUSAL, PERPLEXITY)
SETS: dict[str, MetricSet] = {one.name: one for one in _ALL}


def choose(wanted: str, references: list[str]) -> MetricSet:
    """The set of a name; `auto` is `tool_calls` if all references are calls or refusals, else
    `text`."""
    if wanted != "auto":
        return SETS[wanted]
    called = all(scoring.parse(reference).well_formed for reference in references)
    return TOOL_CALLS if references and called else TEXT


def of_answers(wanted: str, rows: Rows) -> MetricSet | None:
    """The set that answers were scored by, as `choose` chose it; None if there are none."""
    return choose(wanted, [row["reference"] for row in rows]) if rows else None


def of_summary(summary: dict[str, Any]) -> MetricSet | None:
    """The set that a run is judged by; None if its answers were not scored, or it names none."""
    return SETS.get(summary.get("metric_set"))
