"""Numbers as people read them."""

from peftline.comparison.result import Comparison, Metric, Row


def value(number: float | None, is_share: bool) -> str:
    """A share in percent, anything else with four digits."""
    if number is None:
        return "none"
    return f"{100 * number:.1f} %" if is_share else f"{number:.4g}"


def interval(metric: Metric | None, is_share: bool) -> str:
    """`56.5 % (49.6 to 63.2)`."""
    if metric is None or metric.value is None:
        return "none"
    if metric.low is None or metric.high is None:
        return value(metric.value, is_share)
    low, high = (value(end, is_share).removesuffix(" %") for end in (metric.low, metric.high))
    return f"{value(metric.value, is_share)} ({low} to {high})"


def difference(metric: Metric, is_share: bool) -> str:
    """`+6.5 points (+1.0 to +12.0)`."""
    scale, digits = (100, 1) if is_share else (1, 3)
    numbers = [f"{scale * x:+.{digits}f}" for x in (metric.value, metric.low, metric.high)]
    unit = " points" if is_share else ""
    return f"{numbers[0]}{unit} ({numbers[1]} to {numbers[2]})"


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
