"""How well a model expects the references."""

from math import exp

from peftline.evaluation.metrics.metric_set import Likelihood, Metrics, MetricSet, Scores
from peftline.evaluation.rows import Row, Rows
from peftline.evaluation.statistics import metric, ratio


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

    Every token weighs the same, as in the loss of a training. Intervals come from resampling
    examples, for the tokens of one belong together.
    """
    found = ratio([_nats(row) for row in rows], [_tokens(row) for row in rows])
    if not rows:
        return {"negative_log_likelihood": found, "perplexity": found}
    found["tokens"] = sum(_tokens(row) for row in rows)
    # exp(709) is the largest that there is; a loss that is no number stays none
    exponents = (exp(min(found[name], 709)) for name in ("value", "low", "high"))
    return {"negative_log_likelihood": found, "perplexity": metric(*exponents, len(rows))}


def values(_: str, rows: Rows) -> list[float]:
    """Nats of each example, per token that an example has on average.

    Their mean is the negative log-likelihood per token of all examples.
    """
    mean_tokens = sum(_tokens(row) for row in rows) / len(rows) if rows else 1
    return [_nats(row) / mean_tokens for row in rows]


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
