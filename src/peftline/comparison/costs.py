"""What a recipe costs, and which recipes are not beaten in quality and cost at once."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

from peftline import units
from peftline.comparison import words
from peftline.comparison.result import Cost, Costs, Metric, Row
from peftline.comparison.runs import Run
from peftline.errors import listed
from peftline.machine import Hardware

COSTS: tuple[Cost, ...] = get_args(Cost)
# What a summary says of the machine as much as of the recipe.
_UNKNOWN = dict.fromkeys(("peak_memory_bytes", "train_seconds", "tokens_per_second", "generation"))


def told(cost: Cost, value: float) -> str:
    """A cost in its unit."""
    if cost in ("adapter_bytes", "peak_memory_bytes"):
        return units.size(value)
    if cost == "train_seconds":
        return units.duration(value)
    if cost == "seconds_per_token":
        return f"{1000 * value:.3g} ms"
    return words.signed(value) if cost == "forgetting" else words.number(value)


def of(runs: Sequence[Run]) -> Costs:
    """Mean costs over the seeds of a recipe."""
    plain = ("trainable_parameters", "adapter_bytes", "peak_memory_bytes", "train_seconds")
    speeds = ("unmerged_tokens_per_second", "merged_tokens_per_second")
    found = {name: mean_over(runs, name) for name in (*plain, "tokens_per_second")}
    found |= {name: mean_over(runs, "generation", name) for name in speeds}
    served = found["merged_tokens_per_second"] or found["unmerged_tokens_per_second"]
    return Costs(
        **found,
        seconds_per_token=1 / served if served else None,
        forgetting=mean_over(runs, "forgetting", "difference", "value"),
    )


def forgetting(runs: Sequence[Run]) -> Metric | None:
    """The rise of the loss on general text; its interval, over paragraphs, of a single seed."""
    value = mean_over(runs, "forgetting", "difference", "value")
    if value is None:
        return None
    one = runs[0].summary["forgetting"]["difference"]
    if len(runs) > 1:
        return Metric(value=value, n=one["n"])
    return Metric(**{name: one[name] for name in ("value", "low", "high", "n")})


def of_one_text(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """The runs without what was forgotten of other texts than most, and notes on that."""
    texts = Counter(text for run in runs if (text := _text(run)))
    if len(texts) < 2:
        return list(runs), []
    most = texts.most_common(1)[0][0]
    others = [run for run in runs if _text(run) not in (None, most)]
    names = ", ".join(f"{run.recipe} (seed {run.seed})" for run in others)
    return [
        replace(run, summary=run.summary | {"forgetting": None}) if run in others else run
        for run in runs
    ], [f"Forgetting was measured on another text, and is not shown, for {names}."]


def of_one_machine(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """The runs without the seconds, memory and speeds of other machines than most, and notes on
    that."""
    machines = Counter(map(_speed, runs))
    if len(machines) < 2:
        return list(runs), []
    most = machines.most_common(1)[0][0]
    others = [run for run in runs if _speed(run) != most]
    names = [f"{run.recipe} (seed {run.seed}, on {machine(run)})" for run in others]
    (here, *_) = (machine(run) for run in runs if _speed(run) == most)
    return [
        run if _speed(run) == most else replace(run, summary=run.summary | _UNKNOWN) for run in runs
    ], [
        f"Seconds, memory and speeds are those of one machine ({here}), and are not shown for "
        f"{listed(names)}."
    ]


def machine(run: Run) -> str:
    """The machine that a run was made on, in words."""
    hardware = _hardware(run)
    return hardware.description if hardware else "a machine that is not known"


def _speed(run: Run) -> tuple[str | int, ...] | None:
    hardware = _hardware(run)
    return hardware.speed if hardware else None


def _hardware(run: Run) -> Hardware | None:
    stored = run.summary.get("hardware")
    return Hardware.model_validate(stored) if stored else None


def _text(run: Run) -> str | None:
    return (run.summary.get("forgetting") or {}).get("text_sha256")


def mean_over(runs: Sequence[Run], *keys: str) -> float | None:
    """Mean of a number in the summaries; null if a run has none, or one that is not finite."""
    values = [_at(run.summary, keys) for run in runs]
    return None if None in values or not values else sum(values) / len(values)


def pareto(rows: Sequence[Row], cost: Cost, better: Callable[[float, float], bool]) -> list[str]:
    """Rows that no other row equals in quality and cost while it is better in one of them.

    Args:
        rows: those without a value or this cost are left aside.
        better: whether the first of two values of the metric is the better one.
    """
    known = [
        (row.name, row.metric.value, price)
        for row in rows
        if row.metric and row.metric.value is not None
        if (price := getattr(row.costs, cost)) is not None
    ]
    return [
        name
        for name, value, price in known
        if not any(
            (better(other, value) and cheaper <= price)
            or (not better(value, other) and cheaper < price)
            for _, other, cheaper in known
        )
    ]


def _at(value: Any, keys: Sequence[str]) -> float | None:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value if value is None or math.isfinite(value) else None
