"""Numbers at the end of an answer, as in GSM8K (Cobbe et al. 2021, arXiv:2110.14168)."""

import re
from decimal import Decimal

from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows

_MARK = "####"
_NUMBER = re.compile(
    r"""
    (?<![^\W_])(?<![^\W_]_)(?<!\d\.)  # not within a word, a name or another number
    (?P<sign>[-+\u2212]?)    # also the minus of typesetters
    (?:[$€£¥₹]\s?)?
    (?P<size>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|(?<!\.)\.\d+)
    (?P<power>e[-+]?\d{1,4})?
    (?!\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def number(text: str) -> Decimal | None:
    """The first number after the last `####`, else the last number; None if there is none.

    Commas divide thousands, a point is decimal, currency and percent signs are left out:
    `-$1,234.50` is -1234.5 and `50%` is 50. A fraction is two numbers.
    """
    _, mark, marked = text.rpartition(_MARK)
    found = [*_NUMBER.finditer(marked)][:1] if mark else []
    found = found or [*_NUMBER.finditer(text)][-1:]
    return _decimal(found[0]) if found else None


def score(prediction: str, reference: str) -> Scores:
    """Whether the answer's number is that of the reference: 3 is 3.0, but 0.33 is not 1/3.

    Raises:
        ValueError: the reference has no number.
    """
    due, given = number(reference), number(prediction)
    if due is None:
        raise ValueError(f"The reference has no number: {reference!r:.100}")
    return {"numeric_match": given == due, "has_number": given is not None}


def aggregate(rows: Rows) -> Metrics:
    """Shares of answers with the right number, and with any."""
    return shares(rows, "numeric_match", "has_number")


def _decimal(found: re.Match[str]) -> Decimal:
    sign = "-" if found["sign"] in ("-", "\u2212") else ""
    return Decimal(f"{sign}{found['size'].replace(',', '')}{found['power'] or ''}")


NUMERIC = MetricSet(name="numeric", headline="numeric_match", score=score, aggregate=aggregate)
