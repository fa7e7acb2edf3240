"""Which settings are tried: lists of values, ranges, and multiples of what a recipe says."""

import itertools
from collections.abc import Sequence
from typing import Any, get_args

import yaml
from omegaconf import OmegaConf
from pydantic import BaseModel

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
    whole: bool = False
    """Whether only whole numbers are tried."""


Axis = Choice | Range


def parse(text: str) -> Axis:
    """Read `training.learning_rate=1e-4,5e-4`, `…=x0.3,x1,x3` (multiples) or `…=1e-4..1e-2`.

    Raises:
        PeftlineError: it is none of these.
    """
    key, equals, given = (part.strip() for part in text.partition("="))
    is_range = ".." in given
    values = [value.strip() for value in given.split(".." if is_range else ",")]
    factors = [value[1:] for value in values if value.startswith("x")]
    try:
        multiples = bool(factors) and _are_numbers(factors)
        if not (key and equals and all(values)) or (multiples and len(factors) < len(values)):
            raise ValueError
        if is_range:
            low, high = (float(end) for end in (factors if multiples else values))
            if not 0 < low < high:
                raise ValueError
            return Range(key=key, low=low, high=high, multiples=multiples)
        if multiples:
            return Choice(key=key, values=[float(factor) for factor in factors], multiples=True)
        typed = [_typed(value) for value in values]
        once = list({repr(one): one for one in typed}.values())
        return Choice(key=key, values=once)
    except (ValueError, yaml.YAMLError):
        raise PeftlineError(
            f"'{text}' is no setting to try. Write KEY=VALUE,VALUE such as "
            "training.learning_rate=1e-4,5e-4; KEY=x0.3,x1,x3 for multiples of the recipe's own "
            "value; or KEY=LOW..HIGH (positive, the lower first) for a range to search with "
            "--trials."
        ) from None


def absolute(axis: Axis, recipe: BaseModel, name: str) -> Axis:
    """The axis with values instead of multiples.

    Args:
        recipe: with every default filled in.
        name: of the recipe.

    Raises:
        PeftlineError: the recipe has no such setting, or no number there to take multiples of.
    """
    own, whole = _own(axis.key, recipe, name)
    if axis.multiples and not _is_number(own):
        raise PeftlineError(f"{name}.{axis.key} is {own!r}: no number to multiply.")

    def times(factor: float) -> float:
        value = _rounded(factor * own) if axis.multiples else factor
        return max(1, round(value)) if whole else value

    if isinstance(axis, Range):
        return Range(key=axis.key, low=times(axis.low), high=times(axis.high), whole=whole)
    if not axis.multiples:
        return axis
    return Choice(key=axis.key, values=list(dict.fromkeys(times(one) for one in axis.values)))


def _own(path: str, recipe: BaseModel, name: str) -> tuple[Any, bool]:
    """What a recipe says at a dotted name, and whether only whole numbers stand there.

    What is null, such as a number of steps, says not by itself what it would be.
    """
    own, whole = recipe, False
    for key in path.split("."):
        fields = type(own).model_fields if isinstance(own, BaseModel) else own
        if not isinstance(fields, dict) or key not in fields:
            names = ", ".join(sorted(fields)) if isinstance(fields, dict) else "none"
            raise PeftlineError(f"{name} has no setting '{path}': at '{key}' it has {names}.")
        if isinstance(own, BaseModel):
            kind = fields[key].annotation
            kinds = get_args(kind) or (kind,)
            own, whole = getattr(own, key), int in kinds and float not in kinds
        else:
            own = own[key]
            whole = isinstance(own, int)
    return own, whole


def is_grid(axes: Sequence[Axis]) -> bool:
    """Whether all settings are known beforehand."""
    return not any(isinstance(axis, Range) for axis in axes)


def combinations(axes: Sequence[Axis]) -> list[Settings]:
    """All settings of a grid, in its order."""
    keys = [axis.key for axis in axes]
    every = itertools.product(*(axis.values for axis in axes))
    return [dict(zip(keys, values, strict=True)) for values in every]


def corners(axes: Sequence[Axis]) -> list[Settings]:
    """All settings of which each is a value of a list, or an end of a range."""
    return combinations(
        [
            Choice(key=axis.key, values=_ends(axis)) if isinstance(axis, Range) else axis
            for axis in axes
        ]
    )


def _ends(axis: Range) -> list[float]:
    return [int(end) if axis.whole else end for end in (axis.low, axis.high)]


def suggest(axes: Sequence[Axis], tried: Tried) -> Settings:
    """What Optuna's TPE sampler would try next.

    The same results give the same suggestion, so that a search goes on where it was interrupted.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds = {axis.key: _distribution(axis) for axis in axes}
    sampler = optuna.samplers.TPESampler(seed=len(tried), n_startup_trials=_RANDOM_TRIALS)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    for settings, score in tried:
        states = optuna.trial.TrialState
        state = states.FAIL if score is None else states.COMPLETE
        study.add_trial(
            optuna.create_trial(state=state, params=settings, distributions=kinds, value=score)
        )
    found = study.ask(kinds).params
    return {key: _rounded(one) if isinstance(one, float) else one for key, one in found.items()}


def best(tried: Tried) -> Settings | None:
    """The settings of the lowest score, the earlier of two equals; None if every run failed."""
    scores = [(score, at) for at, (_, score) in enumerate(tried) if score is not None]
    return tried[min(scores)[1]][0] if scores else None


def edges(axes: Sequence[Axis], chosen: Settings) -> dict[str, str]:
    """By key, whether the chosen number is the largest or the smallest of a list of several.

    Then the best is not bracketed, and a number beyond may be better. Below 0, and for whole
    numbers below 1, there is none.
    """
    found = {}
    for axis in axes:
        values = axis.values if isinstance(axis, Choice) else []
        numbers = {value for value in values if _is_number(value)}
        if len(numbers) < 2 or len(numbers) < len(values):
            continue
        ends = {min(numbers): "smallest", max(numbers): "largest"}
        value = chosen[axis.key]
        is_last = value == 0 or (value == 1 and isinstance(value, int))
        if value in ends and not (is_last and ends[value] == "smallest"):
            found[axis.key] = ends[value]
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _distribution(axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.values)
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=True)
    return FloatDistribution(_rounded(axis.low), _rounded(axis.high), log=True)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _are_numbers(texts: Sequence[str]) -> bool:
    try:
        return all(float(text) > 0 for text in texts)
    except ValueError:
        return False


def _typed(text: str) -> Any:
    return OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))["value"]
