"""Which of the possible answers a model finds most likely."""

from math import isfinite

from peftline.errors import PeftlineError, listed
from peftline.evaluation.metrics.labels import label
from peftline.evaluation.metrics.metric_set import Likelihood, Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows

_MOST = 50  # the model reads every example once for each choice


def choices(wanted: list[str] | None, references: list[str]) -> list[str]:
    """The possible answers: those wanted, or all that occur as references, sorted.

    Raises:
        PeftlineError: they are fewer than 2 or more than 50, or a reference is none of them.
    """
    given = sorted(references) if wanted is None else wanted
    found = list({label(one): one for one in given}.values())
    if not 2 <= len(found) <= _MOST:
        where = "The references of the test split" if wanted is None else "evaluation.choices"
        raise PeftlineError(
            f"{where}: {len(found)} different answers ({listed([repr(one) for one in found], 3)}), "
            f"and multiple choice is among 2 to {_MOST}. Name them in evaluation.choices, or set "
            "evaluation.metrics to text or labels."
        )
    known = {label(one) for one in found}
    strange = sorted({one for one in references if label(one) not in known})
    if strange:
        raise PeftlineError(
            f"{len(strange)} references are none of the choices (evaluation.choices, or all "
            f"answers of the test split): {listed([repr(one) for one in strange], 3)}. Name them "
            "in evaluation.choices, or correct the data."
        )
    return found


def most_likely(likelihoods: dict[str, Likelihood]) -> str | None:
    """The likeliest choice, of equals the first; None if no likelihood is a number, as those of a
    model that has diverged."""
    return _largest({choice: one.log_likelihood for choice, one in likelihoods.items()})


def score(likelihoods: dict[str, Likelihood], reference: str) -> Scores:
    """Whether the choice is the reference: by the likelihood of all its tokens, and per token.

    The first is the chance that the model gives exactly this answer and ends. It is smaller the
    longer an answer is; the second makes up for that.
    """
    per_token = _largest({choice: one.per_token for choice, one in likelihoods.items()})
    return {
        "accuracy": _is(most_likely(likelihoods), reference),
        "accuracy_per_token": _is(per_token, reference),
    }


def aggregate(rows: Rows) -> Metrics:
    """Shares of right choices."""
    return shares(rows, "accuracy", "accuracy_per_token")


def _largest(values: dict[str, float]) -> str | None:
    numbers = {choice: value for choice, value in values.items() if isfinite(value)}
    return max(numbers, key=numbers.__getitem__) if numbers else None


def _is(choice: str | None, reference: str) -> bool:
    return choice is not None and label(choice) == label(reference)


MULTIPLE_CHOICE = MetricSet(
    name="multiple_choice",
    headline="accuracy",
    score=score,
    aggregate=aggregate,
    asks="choices",
)
