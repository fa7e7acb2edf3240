"""The columns of the table, one definition for page and Markdown."""

from collections.abc import Callable
from typing import NamedTuple

from peftline.comparison import words
from peftline.comparison.pairs import between
from peftline.comparison.result import Comparison, Pair, Row


class Column(NamedTuple):
    """One property of all rows."""

    title: str
    hint: str
    """What it is, in a sentence."""
    key: Callable[[Row], float | str | None]
    """What rows are sorted by; None is written as a dash and stands last."""
    text: Callable[[Row], str]
    is_number: bool = True


def columns(found: Comparison) -> list[Column]:
    """All columns but the name and the headline metric, also those that no row has a value for."""

    def to_best(row: Row) -> Pair | None:
        return between(found.pairs, row.name, found.best) if found.best else None

    def difference(row: Row) -> float | None:
        pair = to_best(row)
        return pair.difference.value if pair else None

    def p_value(row: Row) -> float | None:
        pair = to_best(row)
        return pair.adjusted_p_value if pair else None

    def told_difference(row: Row) -> str:
        pair = to_best(row)
        return words.difference(pair.difference, found.is_share) if pair else "–"

    def told_p(row: Row) -> str:
        value = p_value(row)
        return "–" if value is None else words.p_value(value)

    def deviation(row: Row) -> str:
        spread = row.seed_deviation
        return "–" if spread is None else words.points(spread, found.is_share)

    def tuned(row: Row) -> str | None:
        if row.kind != "recipe":
            return None
        return f"yes, of {row.candidates}" if row.tuned else "no"

    return [
        Column(
            "to the best",
            "Paired difference to the best recipe, with its 95 % interval.",
            difference,
            told_difference,
        ),
        Column(
            "adjusted p", "Of that difference, by Holm over all pairs of rows.", p_value, told_p
        ),
        Column(
            "seeds",
            "How many times the recipe was trained.",
            lambda row: len(row.seeds) or None,
            lambda row: str(len(row.seeds)) if row.seeds else "–",
        ),
        Column(
            "over seeds",
            "Standard deviation of the metric over seeds.",
            lambda row: row.seed_deviation,
            deviation,
        ),
        Column(
            "tuned",
            "Whether settings were chosen on validation data among several, and among how many.",
            tuned,
            lambda row: tuned(row) or "–",
            is_number=False,
        ),
        Column(
            "validation loss",
            "Per supervised token, of what was kept.",
            lambda row: row.validation_loss,
            lambda row: "–" if row.validation_loss is None else f"{row.validation_loss:.4f}",
        ),
        _cost("trained parameters", "", "trainable_parameters", words.number),
        _cost("adapter", "Size of its files.", "adapter_bytes", words.size),
        _cost("peak memory", "Of training.", "peak_memory_bytes", words.size),
        _cost("training", "Time of training alone.", "train_seconds", words.duration),
        _cost("tokens/s", "In training.", "tokens_per_second", words.number),
        _cost(
            "answer tokens/s unmerged",
            "One prompt at a time, the adapter beside the base.",
            "unmerged_tokens_per_second",
            lambda value: words.number(value, 1),
        ),
        _cost(
            "answer tokens/s merged",
            "One prompt at a time, the adapter merged, or a whole model.",
            "merged_tokens_per_second",
            lambda value: words.number(value, 1),
        ),
        Column(
            "forgetting",
            "Rise of the loss per token on general text, with its 95 % interval.",
            lambda row: row.forgetting.value if row.forgetting else None,
            _forgetting,
        ),
        Column(
            "delivers",
            "What is left to serve.",
            lambda row: row.delivers or None,
            lambda row: row.delivers or "–",
            is_number=False,
        ),
    ]


def _cost(title: str, hint: str, name: str, text: Callable[[float | None], str]) -> Column:
    """The column of a cost."""
    return Column(
        title,
        hint or f"{title.capitalize()}.",
        lambda row: getattr(row.costs, name),
        lambda row: text(getattr(row.costs, name)),
    )


def with_values(found: Comparison) -> tuple[list[Column], list[str]]:
    """The columns in which a row has a value, and the titles of the others."""
    known = columns(found)
    used = [one for one in known if any(one.key(row) is not None for row in found.rows)]
    return used, [one.title for one in known if one not in used]


def _forgetting(row: Row) -> str:
    metric = row.forgetting
    if metric is None or metric.value is None:
        return "–"
    if metric.low is None or metric.high is None:
        return words.signed(metric.value)
    return f"{metric.value:+.3f} ({metric.low:+.3f} to {metric.high:+.3f})"
