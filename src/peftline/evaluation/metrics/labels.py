"""Classification by writing the name of the class."""

import numpy as np

from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows, groups_of
from peftline.evaluation.statistics.intervals import (
    NO_VALUE,
    Metric,
    linearised_ratio,
    mean,
    proportion,
)


def label(text: str) -> str:
    """A label as it is compared: without regard to capitals and white space."""
    return " ".join(text.casefold().split())


def score(prediction: str, reference: str) -> Scores:
    """Whether the answer is the label and nothing else."""
    return {"accuracy": label(prediction) == label(reference)}


def aggregate(rows: Rows) -> Metrics:
    """Accuracy, macro-F1, and the share of answers that are no label of the test split.

    Those count as wrong: they miss their class and are false alarms of none.
    """
    due = [label(row["reference"]) for row in rows]
    given = [label(row["prediction"]) for row in rows]
    known, groups = set(due), groups_of(rows)
    return {
        **shares(rows, "accuracy"),
        "macro_f1": macro_f1(due, given, groups),
        "unknown_label": proportion([answer not in known for answer in given], groups),
    }


def macro_f1(due: list[str], given: list[str], groups: list[str]) -> Metric:
    """Mean over the classes of `due` of each one's F1 (scikit-learn).

    An F1 is a ratio of counts, 2 hits / (due + given), so the interval is that of the mean of
    linearised ratios, for these classes.
    """
    from sklearn.metrics import f1_score

    if not due:
        return NO_VALUE.copy()
    classes = sorted(set(due))
    value = f1_score(due, given, labels=classes, average="macro", zero_division=0)
    ratios = [
        linearised_ratio(
            [2.0 * (a == one and b == one) for a, b in zip(due, given, strict=True)],
            [float((a == one) + (b == one)) for a, b in zip(due, given, strict=True)],
        )
        for one in classes
    ]
    found = mean(np.mean(ratios, axis=0).tolist(), groups, is_share=True)
    return found | {"value": round(float(value), 6)}


LABELS = MetricSet(name="labels", headline="accuracy", score=score, aggregate=aggregate)
