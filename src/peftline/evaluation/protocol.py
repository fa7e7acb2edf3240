"""How answers were made and scored: what must be equal where scores are compared."""

from typing import Any, Self

from peftline import sources, store
from peftline.config import Config
from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import MetricSet
from peftline.evaluation.rows import Rows
from peftline.schema import Evaluation

_SETTINGS = ("max_new_tokens", "dtype", "choices")


class Protocol(Config):
    """What scores depend on beside the model and the questions."""

    metric_set: str | None
    """Null where nothing was scored."""
    scoring_sha256: str | None
    """Of the source of that set's metrics and intervals."""
    max_new_tokens: int
    dtype: str
    """As it was asked for."""
    choices: list[str] | None

    @classmethod
    def of(cls, evaluation: Evaluation, rows: Rows) -> Self:
        """Of answers that have just been scored."""
        metric_set = metrics.of_answers(evaluation.metrics, rows)
        return cls(
            metric_set=metric_set and metric_set.name,
            scoring_sha256=metric_set and scoring_sha256(metric_set),
            **evaluation.model_dump(include=set(_SETTINGS)),
        )

    @classmethod
    def of_summary(cls, summary: dict[str, Any]) -> Self:
        """Of a run that has ended."""
        settings = {name: summary["evaluation"][name] for name in _SETTINGS}
        scoring = {name: summary[name] for name in ("metric_set", "scoring_sha256")}
        return cls(**settings, **scoring)


def scoring_sha256(metric_set: MetricSet) -> str:
    """The version of the scoring: a hash of the source of a set of metrics and its statistics."""
    parts: tuple[Any, ...] = (metric_set.score, metric_set.aggregate, metric_set.values_of)
    return sources.sha256_without_recipe(*sorted({part.__module__ for part in parts}))


def questions_sha256(rows: Rows) -> str:
    """Hash of the questions that answers belong to, in any order: whatever a model was trained on,
    answers to equal questions can be compared."""
    return store.sha256_of(
        sorted([row["id"], row["prompt"], row["reference"], row.get("group")] for row in rows)
    )
