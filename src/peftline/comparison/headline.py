"""The one metric by which runs are ranked and tested."""

from collections.abc import Iterable
from typing import NamedTuple

# Of texts, exact equality says little; an exact match is the stricter of what calls are scored by.
_FIRST = ("rouge_l", "exact_match")
_LOWER_IS_BETTER = ("perplexity", "loss", "negative_log_likelihood")
_NO_SHARES = (*_LOWER_IS_BETTER, "bleu")


class Headline(NamedTuple):
    """A metric, and which of two values is the better one."""

    name: str
    higher_is_better: bool
    is_share: bool
    """Between 0 and 1, written in percent."""


def headline(metrics: Iterable[str]) -> Headline | None:
    """Choose among the names of a summary's metrics; None if nothing was scored."""
    names = list(metrics)
    if not names:
        return None
    name = next((first for first in _FIRST if first in names), names[0])
    return Headline(name, higher_is_better=name not in _LOWER_IS_BETTER, is_share=is_share(name))


def is_share(name: str) -> bool:
    """Whether a metric lies between 0 and 1, and is written in percent."""
    return name not in _NO_SHARES
