"""Classification by writing the name of the class."""

import numpy as np

from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows
from peftline.evaluation.statistics.intervals import (
    CONFIDENCE,
    NO_VALUE,
    RESAMPLES,
    Metric,
    proportion,
)
from peftline.evaluation.statistics.intervals import metric as with_interval


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
    known = set(due)
    return {
        **shares(rows, "accuracy"),
        "macro_f1": macro_f1(due, given),
        "unknown_label": proportion([answer not in known for answer in given]),
    }


def macro_f1(due: list[str], given: list[str]) -> Metric:
    """Mean over the classes of `due` of each one's F1 (scikit-learn).

    The interval comes from resampling examples; a resample's mean is over the classes in it.
    """
    from sklearn.metrics import f1_score

    if not due:
        return NO_VALUE.copy()
    classes = sorted(set(due))
    value = f1_score(due, given, labels=classes, average="macro", zero_division=0)
    is_due = np.array(due)[:, None] == np.array(classes)
    is_given = np.array(given)[:, None] == np.array(classes)
    times = np.random.default_rng(0).multinomial(len(due), [1 / len(due)] * len(due), RESAMPLES)
    found = times @ (is_due & is_given)
    with np.errstate(invalid="ignore"):
        f1 = 2 * found / (times @ is_due + times @ is_given)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(np.nanmean(f1, axis=1), [tail, 100 - tail])
    return with_interval(value, float(low), float(high), len(due))


LABELS = MetricSet(name="labels", headline="accuracy", score=score, aggregate=aggregate)
