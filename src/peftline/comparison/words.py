"""Numbers as people read them."""

from peftline.comparison.result import Comparison, Metric, Row

NO_VERDICT = "†"
"""Stands behind a value of which nothing is to be concluded; the text beside it says so."""


def value(number: float | None, is_share: bool) -> str:
    """A share in percent, anything else with four digits."""
    if number is None:
        return "none"
    return f"{100 * number:.1f} %" if is_share else f"{number:.4g}"


def interval(metric: Metric | None, is_share: bool) -> str:
    """`56.5 % (49.6 to 63.2)`, and a mark where nothing is to be concluded from it alone."""
    if metric is None or metric.value is None:
        return "none"
    mark = NO_VERDICT if metric.no_verdict else ""
    if metric.low is None or metric.high is None:
        return f"{value(metric.value, is_share)}{mark}"
    low, high = (value(end, is_share).removesuffix(" %") for end in (metric.low, metric.high))
    return f"{value(metric.value, is_share)} ({low} to {high}){mark}"


def difference(metric: Metric, is_share: bool) -> str:
    """`+6.5 points (+1.0 to +12.0)`."""
    scale, digits = (100, 1) if is_share else (1, 3)
    unit = " points" if is_share else ""
    told = f"{scale * metric.value:+.{digits}f}{unit}"
    if metric.low is None or metric.high is None:
        return told
    low, high = (f"{scale * end:+.{digits}f}" for end in (metric.low, metric.high))
    return f"{told} ({low} to {high})"


def examples(metric: Metric) -> str:
    """`200 test examples in 47 groups (27.6 effective)`; no groups where every example is one."""
    count = "1 test example" if metric.n == 1 else f"{metric.n} test examples"
    if metric.groups in (0, metric.n):
        return count
    groups = "1 group" if metric.groups == 1 else f"{metric.groups} groups"
    return f"{count} in {groups} ({metric.effective_groups:.1f} effective)"


def points(number: float, is_share: bool) -> str:
    """An absolute difference: `9.1 points`."""
    return f"{100 * number:.1f} points" if is_share else f"{number:.3g}"


def p_value(p: float) -> str:
    """A p-value with two digits, or a bound."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def score(row: Row, comparison: Comparison) -> str:
    """The headline metric of a row with its interval, or its validation loss."""
    if row.metric is None:
        loss = row.validation_loss
        return f"validation loss {'none' if loss is None else f'{loss:.4f}'}"
    return interval(row.metric, comparison.is_share)


def number(amount: float | None, digits: int = 0) -> str:
    """With commas between thousands."""
    return "–" if amount is None else f"{amount:,.{digits}f}"


def signed(amount: float) -> str:
    """With its sign."""
    return f"{amount:+.3f}"


def listing(names: list[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
