"""Calls of tools, and refusals where no tool fits."""

from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, shares
from peftline.evaluation.metrics.refusal import precision_and_recall
from peftline.evaluation.rows import Rows
from peftline.tool_calls import scoring


def aggregate(rows: Rows) -> Metrics:
    """Shares of all examples, and precision and recall of the refusal."""
    return {
        **shares(rows, "exact_match", "valid_json", "name_accuracy"),
        **precision_and_recall(rows),
    }


TOOL_CALLS = MetricSet(
    name="tool_calls", headline="exact_match", score=scoring.score, aggregate=aggregate
)
