"""How well a model expects the references."""

from math import exp

from peftline.evaluation.metrics.metric_set import Likelihood, Metrics, MetricSet, Scores
from peftline.evaluation.rows import Row, Rows
from peftline.evaluation.statistics.intervals import metric, ratio


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
    """What each example adds to the negative log-likelihood per token of all examples.

    Their mean is that ratio, and their spread is the ratio's: what an example has in nats beyond
    its tokens' share, per token that an example has on average (the linearised ratio, Cochran 1977,
    Sampling Techniques, 6.4). Nats by themselves would count lengths as uncertainty.
    """
    tokens = sum(_tokens(row) for row in rows)
    if not tokens:
        return []
    loss = sum(_nats(row) for row in rows) / tokens
    mean_tokens = tokens / len(rows)
    return [loss + (_nats(row) - loss * _tokens(row)) / mean_tokens for row in rows]


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
