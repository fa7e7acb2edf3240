"""How well a model expects the references."""

from math import exp

from peftline.evaluation.metrics.metric_set import Likelihood, Metrics, MetricSet, Scores
from peftline.evaluation.rows import Row, Rows, groups_of
from peftline.evaluation.statistics.intervals import linearised_ratio, ratio


def score(likelihood: Likelihood, reference: str) -> Scores:
    """Mean negative log-likelihood of a reference's tokens, in nats, and their number.

    Raises:
        ValueError: there is no token that another one stands before.
    """
    if not likelihood.tokens:
        raise ValueError(f"The reference has no token to expect: {reference!r:.100}")
    return {
        "negative_log_likelihood": round(-likelihood.per_token, 6),
        "tokens": likelihood.tokens,
    }


def aggregate(rows: Rows) -> Metrics:
    """Negative log-likelihood per token of all references, in nats, and perplexity, exp of it.

    Every token weighs the same, as in the loss of a training; an example's belong together.
    """
    found = ratio([_nats(row) for row in rows], [_tokens(row) for row in rows], groups_of(rows))
    ends = {name: _exponent(found[name]) for name in ("value", "low", "high")}
    if rows:
        found["tokens"] = sum(_tokens(row) for row in rows)
    return {"negative_log_likelihood": found, "perplexity": found | ends}


def values(_: str, rows: Rows) -> list[float]:
    """What each example adds to the negative log-likelihood per token of all examples.

    Their mean is that ratio, and their spread is the ratio's.
    """
    return linearised_ratio([_nats(row) for row in rows], [_tokens(row) for row in rows])


def _exponent(loss: float | None) -> float | None:
    """exp(709) is the largest that there is; a loss that is no number stays none."""
    return None if loss is None else round(exp(min(loss, 709)), 6)


def _nats(row: Row) -> float:
    return row["scores"]["negative_log_likelihood"] * _tokens(row)


def _tokens(row: Row) -> int:
    return row["scores"]["tokens"]


PERPLEXITY = MetricSet(
    name="perplexity",
    headline="negative_log_likelihood",
    score=score,
    aggregate=aggregate,
    asks="references",
    higher_is_better=False,
    unit="nats per token",
    values_of=values,
)
