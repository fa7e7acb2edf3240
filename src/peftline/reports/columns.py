"""The columns of the table, one definition for page and Markdown."""

from collections.abc import Callable
from typing import Any, NamedTuple

from peftline import units
from peftline.comparison import words
from peftline.comparison.result import Comparison, Row


class Column(NamedTuple):
    """One property of all rows."""

    title: str
    hint: str
    """What it is, in a sentence."""
    key: Callable[[Row], float | str | None]
    """What rows are sorted by; None is written as a dash and stands last."""
    text: Callable[[Row], str]
    is_number: bool = True


def with_values(found: Comparison) -> tuple[list[Column], list[str]]:
    """The columns in which a row has a value, and the titles of the others."""
    known = columns(found)
    used = [one for one in known if any(one.key(row) is not None for row in found.rows)]
    return used, [one.title for one in known if one not in used]


def columns(found: Comparison) -> list[Column]:
    """All columns but the name and the headline metric, also those that no row has a value for."""
    return [*_against_the_best(found), *_of_training(found), *_COSTS]


def _of_value(
    title: str,
    hint: str,
    key: Callable[[Row], Any],
    text: Callable[[Any], str] = str,
    is_number: bool = True,
) -> Column:
    """A column whose text is made of its value."""

    def told(row: Row) -> str:
        value = key(row)
        return "–" if value is None else text(value)

    return Column(title, hint, key, told, is_number)


def _against_the_best(found: Comparison) -> list[Column]:
    against = found.against_best

    def difference(row: Row) -> float | None:
        return against[row.name].difference.value if row.name in against else None

    def told(row: Row) -> str:
        pair = against.get(row.name)
        return words.difference(pair.difference, found.is_share) if pair else "–"

    def p_value(row: Row) -> float | None:
        return against[row.name].adjusted_p_value if row.name in against else None

    def told_p_value(row: Row) -> str:
        pair = against.get(row.name)
        if pair is None:
            return "–"
        return "not testable" if pair.not_testable else words.p_value(pair.adjusted_p_value)

    return [
        Column(
            "to the best",
            "Paired difference to the best recipe at the seeds that both have (so not that of two "
            "means over different seeds), with its 95 % interval: over other examples, and over "
            "other seeds where the verdict says so.",
            difference,
            told,
        ),
        Column(
            "adjusted p",
            "Of that difference, by Bonferroni over all comparisons with the best; not testable: "
            "so few groups of test examples differ that no p-value could be small enough.",
            p_value,
            told_p_value,
        ),
    ]


def _tuned(row: Row) -> str | None:
    """`learning_rate=0.02 of 4, at the edge`."""
    if row.kind != "recipe":
        return None
    settings = ", ".join(f"{key.rsplit('.', 1)[-1]}={value}" for key, value in row.varied.items())
    if not row.tuned:
        return f"no; {settings}" if settings else "no"
    return f"{settings or 'its own'} of {row.candidates}{', at the edge' if row.at_edge else ''}"


def _of_training(found: Comparison) -> list[Column]:
    return [
        _of_value(
            "design effect",
            "Variance of the metric over that of as many independent examples: what it costs that "
            "examples lie in groups.",
            lambda row: row.metric.design_effect if row.metric and found.has_groups else None,
            "{:.1f}".format,
        ),
        Column(
            "seeds",
            "With which the recipe was trained.",
            lambda row: len(row.seeds) or None,
            lambda row: ", ".join(map(str, row.seeds)) or "–",
        ),
        Column(
            "by seed",
            "The metric with each of them; sorted by the standard deviation.",
            lambda row: row.seed_deviation,
            lambda row: _by_seed(row, found),
        ),
        _of_value(
            "on the quantised base",
            "The metric where the adapter answers beside the quantised base that it was trained "
            "on.",
            lambda row: row.quantized,
            lambda metric: words.value(metric, found.is_share),
        ),
        _of_value(
            "beside the 16-bit base",
            "The same, by the same arithmetic, beside the unquantised base: what differs is the "
            "rounding of the base. The metric itself is that of what is delivered.",
            lambda row: row.unquantized,
            lambda metric: words.value(metric, found.is_share),
        ),
        _of_value(
            "tuned",
            "What was chosen on validation data, and among how many; no: the recipe as it stands. "
            "At the edge: the best was the largest or smallest, so that one beyond may be better.",
            _tuned,
            is_number=False,
        ),
        _of_value(
            "validation loss",
            "Per supervised token, of what was kept.",
            lambda row: row.validation_loss,
            "{:.4f}".format,
        ),
    ]


def _by_seed(row: Row, found: Comparison) -> str:
    if row.seed_deviation is None:
        return "–"
    return ", ".join(words.value(one, found.is_share).removesuffix(" %") for one in row.seed_values)


def _told_forgetting(row: Row) -> str:
    metric = row.forgetting
    if metric is None or metric.value is None:
        return "–"
    if metric.low is None or metric.high is None:
        return words.signed(metric.value)
    value, low, high = map(words.signed, (metric.value, metric.low, metric.high))
    return f"{value} ({low} to {high})"


_COSTS = (
    _of_value(
        "trained parameters",
        "Trained parameters.",
        lambda row: row.costs.trainable_parameters,
        words.number,
    ),
    _of_value("adapter", "Size of its files.", lambda row: row.costs.adapter_bytes, units.size),
    _of_value(
        "peak memory",
        "Of training: of the process on a CPU, of the device on a GPU.",
        lambda row: row.costs.peak_memory_bytes,
        units.size,
    ),
    _of_value(
        "training",
        "Time of training alone.",
        lambda row: row.costs.train_seconds,
        units.duration,
    ),
    _of_value("tokens/s", "In training.", lambda row: row.costs.tokens_per_second, words.number),
    _of_value(
        "answer tokens/s unmerged",
        "One prompt at a time, the adapter beside the base.",
        lambda row: row.costs.unmerged_tokens_per_second,
        lambda speed: words.number(speed, 1),
    ),
    _of_value(
        "answer tokens/s merged",
        "One prompt at a time, the adapter merged, or a whole model.",
        lambda row: row.costs.merged_tokens_per_second,
        lambda speed: words.number(speed, 1),
    ),
    Column(
        "forgetting",
        "Rise of the loss on general text, in nats per token (lower is better); of one seed with "
        "its 95 % interval over the paragraphs of this text.",
        lambda row: row.forgetting.value if row.forgetting else None,
        _told_forgetting,
    ),
    _of_value(
        "delivers", "What is left to serve.", lambda row: row.delivers or None, is_number=False
    ),
)
