"""What a set of metrics is: how examples are scored, and how scores become values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from peftline.evaluation.rows import Rows
from peftline.evaluation.statistics import Metric, proportion

Scores = dict[str, bool | float]
"""Scores of one example, by name."""
Metrics = dict[str, Metric]
"""`value`, `low`, `high` and `n` of each metric."""
Asks = Literal["answers", "choices", "references"]


@dataclass(frozen=True)
class Likelihood:
    """How likely a model finds a text."""

    log_likelihood: float
    """Natural logarithm of the probability of all its tokens together."""
    tokens: int

    @property
    def per_token(self) -> float:
        """Mean log-likelihood of a token."""
        return self.log_likelihood / self.tokens


def shares(rows: Rows, *names: str) -> Metrics:
    """The share of examples that have each of some scores."""
    return {name: proportion([bool(row["scores"][name]) for row in rows]) for name in names}


def headline_scores(headline: str, rows: Rows) -> list[float]:
    """The headline's score of each example."""
    return [float(row["scores"][headline]) for row in rows]


@dataclass(frozen=True)
class MetricSet:
    """Metrics that belong together, of which one is the headline.

    The headline is what the verdict, the selection and the comparison go by.
    """

    name: str
    """In `evaluation.metrics`."""
    headline: str
    aggregate: Callable[[Rows], Metrics]
    """The metrics of all examples."""
    score: Callable[[Any, str], Scores]
    """Scores of one example, from what the model gives and the reference.

    Raises ValueError if the reference is none that this set can score.
    """
    asks: Asks = "answers"
    """What the model is asked for, and `score` gets: the answers that it writes (text), how likely
    each choice is (`Likelihood` by choice), or how likely the reference is (`Likelihood`)."""
    higher_is_better: bool = True
    unit: Literal["share", "nats per token"] = "share"
    """Of all its metrics; a share is from 0 to 1. A perplexity has none."""
    values_of: Callable[[str, Rows], list[float]] = headline_scores

    @property
    def is_share(self) -> bool:
        """Whether its metrics lie between 0 and 1, and are written in percent."""
        return self.unit == "share"

    @property
    def is_of_text(self) -> bool:
        """Whether scores follow from the answer's text and the reference, which are stored."""
        return self.asks == "answers"

    def values(self, rows: Rows) -> list[float]:
        """A number per example, whose mean is the headline's value: what paired tests compare."""
        return self.values_of(self.headline, rows)
