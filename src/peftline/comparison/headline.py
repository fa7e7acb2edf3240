"""The one metric by which runs are ranked and tested."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from peftline.evaluation import metrics

_NO_SHARES = ("perplexity", "negative_log_likelihood", "bleu")


class Headline(NamedTuple):
    """A metric, and which of two values is the better one."""

    name: str
    higher_is_better: bool
    values: Callable[[list[dict[str, Any]]], list[float]]
    """A number per example, whose mean is the metric."""

    @property
    def is_share(self) -> bool:
        """Between 0 and 1, written in percent."""
        return is_share(self.name)


def headline(scored: Iterable[str]) -> Headline | None:
    """The headline among the names of a summary's metrics; None if nothing was scored.

    Raises:
        ValueError: no set of metrics has one of these as its headline.
    """
    names = dict.fromkeys(scored)
    if not names:
        return None
    judged = metrics.of(names)
    return Headline(judged.headline, judged.higher_is_better, judged.values)


def is_share(name: str) -> bool:
    """Whether a metric lies between 0 and 1, and is written in percent."""
    return name not in _NO_SHARES
