"""What went wrong in a training, by its losses and its answers, and what to change."""

from itertools import chain
from typing import Any, NamedTuple

from peftline.reports.losses import Point, is_number, points

Finding = dict[str, str]

# A loss has run away if it has lost more than half of what it had gained, and a quarter of its
# lowest value besides: batches of few rows differ by about that from record to record. Near zero
# they differ by more, so validation must have risen too.
_LOST_SHARE = 0.5
_LOST_OF_LOWEST = 0.25
# Validation measures the same rows each time, so that a change of 1 % is more than rounding.
_WORSE = 1.01
# Below that the answers are hardly others: losses of two seeds differ by as much.
_HARDLY_LOWER = 0.98
# A rise that early stopping would have avoided; smaller ones come and go between measurements.
_RISE = 1.05
# The training loss need not fall further where it is near zero already; it must not rise as well.
_LIKE_BEFORE = 1.10
# The last quarter of a schedule that ends at a rate of zero took 0 to 16 % off (13 recipes on the
# built-in data, one epoch).
_LAST_PART = 0.75
_STILL_FALLING = 0.80
# Some answers are long by themselves. One in ten costs more time than the others together.
_CUT_SHARE = 0.10


class _Course(NamedTuple):
    """The losses of a run."""

    train: list[Point]
    validation: list[Point]
    kept: float | None
    """Validation loss of the weights that were kept."""

    @property
    def fell(self) -> bool:
        """Whether the training loss is lower at the end than before the first step."""
        first = min(loss for _, loss in (*self.train[:1], *self.validation[:1]))
        return _last(self.train) < _HARDLY_LOWER * first


def findings(history: dict[str, Any], predictions: list[dict[str, Any]]) -> list[Finding]:
    """Look for faults of a training.

    Args:
        history: `records` (`step`, and `train_loss` or `validation_loss`; the first validation loss
            is that before the first step) and the `validation_loss` of the weights that were kept.
        predictions: rows with `finished`: whether the answer ended by itself; null where the model
            wrote none.

    Returns:
        For each fault its `name`, the `evidence` in numbers, and `advice`; empty if none is found.
    """
    records = history["records"]
    course = _Course(
        points(records, "train_loss"),
        points(records, "validation_loss"),
        history["validation_loss"],
    )
    by_loss = _not_finite(records) or _by_losses(course)
    return [*by_loss, *_no_stop(predictions)]


def _by_losses(course: _Course) -> list[Finding]:
    """One of four faults that exclude each other."""
    if not course.train:
        return []
    checks = (_divergence, _overfit, _plateau, _still_improving)
    return list(chain.from_iterable(check(course) for check in checks))[:1]


def _not_finite(records: list[dict[str, Any]]) -> list[Finding]:
    names = ("train_loss", "validation_loss", "grad_norm")
    for record in records:
        for name in names:
            if name in record and not is_number(record[name]):
                evidence = f"The {_spoken(name)} is no number at step {record['step']:.0f}."
                return [_finding("divergence", evidence, _SMALLER_RATE)]
    return []


def _divergence(course: _Course) -> list[Finding]:
    means = _rolling(course.train)
    lowest, last, first = min(means), means[-1], means[0]
    lost = last - lowest
    rose = not course.validation or course.kept > _RISE * min(loss for _, loss in course.validation)
    if rose and lost > max(_LOST_SHARE * (first - lowest), _LOST_OF_LOWEST * lowest):
        evidence = f"The training loss was {lowest:.3f} at its lowest and is {last:.3f} at the end."
        return [_finding("divergence", evidence, _SMALLER_RATE)]
    if course.validation and not course.fell and course.kept > _WORSE * course.validation[0][1]:
        evidence = (
            f"The validation loss was {course.validation[0][1]:.3f} before training and is "
            f"{course.kept:.3f} after it, and the training loss has not fallen either."
        )
        return [_finding("divergence", evidence, _SMALLER_RATE)]
    return []


def _overfit(course: _Course) -> list[Finding]:
    if len(course.validation) < 2:
        return []
    step, lowest = min(course.validation, key=lambda point: point[1])
    until = [point for point in course.train if point[0] <= step]
    rose_too = bool(until) and _last(course.train) > _LIKE_BEFORE * _last(until)
    if course.fell and course.kept > _RISE * lowest and not rose_too:
        evidence = (
            f"The validation loss was lowest at step {step:.0f} ({lowest:.3f}) and is "
            f"{course.kept:.3f} at the end, while the training loss fell to "
            f"{_last(course.train):.3f}."
        )
        advice = (
            "Train for fewer steps (training.epochs or training.max_steps), or keep the weights of "
            "the lowest loss (training.patience), or add data or dropout (adapter.dropout)."
        )
        return [_finding("overfit", evidence, advice)]
    return []


def _plateau(course: _Course) -> list[Finding]:
    if len(course.validation) < 2 or course.kept <= _HARDLY_LOWER * course.validation[0][1]:
        return []
    evidence = (
        f"The validation loss was {course.validation[0][1]:.3f} before training and is "
        f"{course.kept:.3f} after it."
    )
    advice = (
        "Raise training.learning_rate (tenfold steps find the right size), train longer "
        "(training.epochs), or take a method that trains more (adapter.type, adapter.rank)."
    )
    return [_finding("plateau", evidence, advice)]


def _still_improving(course: _Course) -> list[Finding]:
    after = course.validation[1:]  # the first is that before training
    before = [one for one in after if one[0] <= _LAST_PART * after[-1][0]] if after else []
    if not before or after[-1][1] > _STILL_FALLING * before[-1][1]:
        return []
    (step, loss), (end, last) = before[-1], after[-1]
    evidence = (
        f"The validation loss was {loss:.3f} at step {step:.0f} and is {last:.3f} at the end, step "
        f"{end:.0f}."
    )
    advice = "Train longer (training.epochs or training.max_steps)."
    return [_finding("still_improving", evidence, advice)]


def _no_stop(predictions: list[dict[str, Any]]) -> list[Finding]:
    cut = sum(row["finished"] is False for row in predictions)
    if not predictions or cut <= _CUT_SHARE * len(predictions):
        return []
    evidence = (
        f"{cut} of {len(predictions)} answers ({cut / len(predictions):.0%}) had no end token when "
        "they were cut."
    )
    advice = (
        "If the references are longer, raise evaluation.max_new_tokens. Otherwise the model has "
        "not learnt to end: train longer (training.epochs) or at another rate "
        "(training.learning_rate), and look at the end tokens in preflight.html."
    )
    return [_finding("no_stop", evidence, advice)]


_SMALLER_RATE = (
    "Lower training.learning_rate, to a third or a tenth; a longer training.warmup_share or a "
    "smaller training.max_grad_norm helps too."
)


def _finding(name: str, evidence: str, advice: str) -> Finding:
    return {"name": name, "evidence": evidence, "advice": advice}


def _rolling(points: list[Point]) -> list[float]:
    """Means over a tenth of the records each, at least three: a single batch says little."""
    width = min(max(3, len(points) // 10), len(points))
    losses = [loss for _, loss in points]
    return [sum(losses[at : at + width]) / width for at in range(len(losses) - width + 1)]


def _last(points: list[Point]) -> float:
    return _rolling(points)[-1]


def _spoken(name: str) -> str:
    return {"train_loss": "training loss", "grad_norm": "norm of the gradient"}.get(
        name, "validation loss"
    )
