"""Which settings are tried: lists of values, ranges, and multiples of what a recipe says."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from peftline.config import Config
from peftline.errors import PeftlineError

Settings = dict[str, Any]
"""Values by their dotted names within a recipe, such as `training.learning_rate`."""
Tried = Sequence[tuple[Settings, float | None]]
"""Settings and their scores, the lower the better; None where the run has failed."""

_DIGITS = 6  # that a multiple keeps
_RANDOM_TRIALS = 4  # before Optuna's model takes over; its own default of 10 is most of a search


class Choice(Config):
    """Some values of one setting."""

    key: str
    values: list[Any]
    multiples: bool = False
    """Whether they are multiples of the recipe's own value."""


class Range(Config):
    """All values of one setting between two, evenly on a logarithmic scale."""

    key: str
    low: float
    high: float
    multiples: bool = False


Axis = Choice | Range


def parse(text: str) -> Axis:
    """Read `training.learning_rate=1e-4,5e-4`, `…=x0.3,x1,x3` (multiples) or `…=1e-4..1e-2`.

    Raises:
        PeftlineError: it is none of these.
    """
    key, equals, given = text.partition("=")
    values = [value.strip() for value in given.split(",")]
    low, dots, high = given.partition("..")
    multiples = all(value.startswith("x") for value in [low, high] if value)
    try:
        if not (key and equals and all(values)):
            raise ValueError
        if dots:
            ends = [float(end.strip().removeprefix("x")) for end in (low, high)]
            if not 0 < ends[0] < ends[1]:
                raise ValueError
            return Range(key=key, low=ends[0], high=ends[1], multiples=multiples)
        multiples = all(value.startswith("x") for value in values)
        if multiples:
            return Choice(key=key, values=[float(v[1:]) for v in values], multiples=True)
        return Choice(key=key, values=[_typed(value) for value in values])
    except ValueError:
        raise PeftlineError(
            f"'{text}' is no setting to try. Write KEY=VALUE,VALUE such as "
            "training.learning_rate=1e-4,5e-4; KEY=x0.3,x1,x3 for multiples of the recipe's own "
            "value; or KEY=LOW..HIGH (positive, the lower first) for a range to search with "
            "--trials."
        ) from None


def absolute(axis: Axis, recipe: dict[str, Any]) -> Axis:
    """The axis with values instead of multiples.

    Args:
        recipe: with every default filled in, as nested values.

    Raises:
        PeftlineError: the recipe has no such setting, or no number there to take multiples of.
    """
    keys, own = axis.key.split("."), recipe
    for key in keys:
        if not isinstance(own, dict) or key not in own:
            names = ", ".join(sorted(own)) if isinstance(own, dict) else "none"
            raise PeftlineError(f"No recipe setting '{axis.key}': at '{key}' there are {names}.")
        own = own[key]
    if not axis.multiples:
        return axis
    if isinstance(own, bool) or not isinstance(own, int | float):
        raise PeftlineError(f"'{axis.key}' is {own!r} in the recipe: no number to multiply.")

    def times(factor: float) -> float:
        value = float(f"{factor * own:.{_DIGITS}g}")
        return round(value) if isinstance(own, int) else value

    if isinstance(axis, Range):
        return Range(key=axis.key, low=times(axis.low), high=times(axis.high))
    return Choice(key=axis.key, values=[times(factor) for factor in axis.values])


def count(axes: Sequence[Axis], trials: int) -> int:
    """How many settings will be tried."""
    if any(isinstance(axis, Range) for axis in axes):
        return trials
    return math.prod(len(axis.values) for axis in axes)


def propose(axes: Sequence[Axis], tried: Tried, trials: int) -> Settings | None:
    """The settings to try next; None when all have been.

    A grid in its order; with a range, what Optuna's TPE sampler suggests after the results so far.
    The same results give the same suggestion, so that a search goes on where it was interrupted.
    """
    if any(isinstance(axis, Range) for axis in axes):
        return _suggest(axes, tried) if len(tried) < trials else None
    keys = [axis.key for axis in axes]
    known = [settings for settings, _ in tried]
    combinations = itertools.product(*(axis.values for axis in axes))
    every = (dict(zip(keys, values, strict=True)) for values in combinations)
    return next((settings for settings in every if settings not in known), None)


def best(tried: Tried) -> Settings | None:
    """The settings of the lowest score, the earlier of two equals; None if every run failed."""
    scores = [(score, at) for at, (_, score) in enumerate(tried) if score is not None]
    return tried[min(scores)[1]][0] if scores else None


def _suggest(axes: Sequence[Axis], tried: Tried) -> Settings:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds = {
        axis.key: FloatDistribution(axis.low, axis.high, log=True)
        if isinstance(axis, Range)
        else CategoricalDistribution(axis.values)
        for axis in axes
    }
    sampler = optuna.samplers.TPESampler(seed=len(tried), n_startup_trials=_RANDOM_TRIALS)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    for settings, score in tried:
        failed = optuna.trial.TrialState.FAIL if score is None else None
        study.add_trial(
            optuna.create_trial(state=failed, params=settings, distributions=kinds, value=score)
        )
    found = study.ask(kinds).params
    return {
        key: float(f"{v:.{_DIGITS}g}") if isinstance(v, float) else v for key, v in found.items()
    }


def _typed(text: str) -> Any:
    return OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))["value"]
