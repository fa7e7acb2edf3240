"""Metrics by name: how examples are scored, and which metric decides."""

from typing import Any

from peftline.evaluation.metrics.labels import LABELS
from peftline.evaluation.metrics.metric_set import Metrics, MetricSet
from peftline.evaluation.metrics.multiple_choice import MULTIPLE_CHOICE
from peftline.evaluation.metrics.numeric import NUMERIC
from peftline.evaluation.metrics.perplexity import PERPLEXITY
from peftline.evaluation.metrics.refusal import REFUSAL
from peftline.evaluation.metrics.text import TEXT
from peftline.evaluation.metrics.tool_calls import TOOL_CALLS as TOOL_CALLS
from peftline.tool_calls import scoring

# `text` comes before `tool_calls`, for both have an exact match and only one of them goes by it.
_ALL = (TEXT, TOOL_CALLS, LABELS, MULTIPLE_CHOICE, NUMERIC, REFUSAL, PERPLEXITY)
SETS: dict[str, MetricSet] = {one.name: one for one in _ALL}


def choose(wanted: str, references: list[str]) -> MetricSet:
    """The set of a name; `auto` is `tool_calls` if all references are calls or refusals, else
    `text`."""
    if wanted != "auto":
        return SETS[wanted]
    called = all(scoring.parse(reference).well_formed for reference in references)
    return TOOL_CALLS if references and called else TEXT


def of(metrics: Metrics) -> MetricSet:
    """The set by whose headline a summary's metrics are judged.

    Sets that share a headline (labels and multiple choice: accuracy) also read it alike.

    Raises:
        ValueError: they have the headline of no set.
    """
    for one in _ALL:
        if one.headline in metrics:
            return one
    raise ValueError(f"No set of metrics has a headline among {', '.join(metrics) or 'none'}.")


def of_summary(summary: dict[str, Any]) -> MetricSet | None:
    """The set that a run is judged by; None if its answers were not scored."""
    return of(summary["metrics"]) if summary["metrics"] else None
