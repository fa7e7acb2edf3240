"""Which runs can be compared: those with the same base, prompts, test questions and scoring.

What they were trained on is no matter, except between the seeds of one recipe.
"""

import json
import math
from collections import defaultdict
from typing import Any, NamedTuple

from peftline.comparison.runs import Run
from peftline.comparison.scores import by_example
from peftline.comparison.versions import COMMAND
from peftline.config import flat
from peftline.evaluation import metrics
from peftline.evaluation.protocol import Protocol, questions_sha256
from peftline.store import sha256_of

_TOLERANCE = 1e-5  # summaries are rounded to six digits


class LeftOut(NamedTuple):
    """A run that is no part of the comparison."""

    recipe: str
    seed: int
    folder: str
    reason: str


class Group(NamedTuple):
    """Runs that can be compared, and those that cannot be compared with them."""

    runs: list[Run]
    left_out: list[LeftOut]


def comparable(runs: list[Run]) -> Group:
    """The largest group of runs about the same things; of equally large ones the newest."""
    left_out, groups = [], defaultdict(list)
    for run in runs:
        if reason := _stale(run):
            left_out.append(_left_out(run, reason))
        else:
            groups[sha256_of(_about(run))].append(run)
    ordered = sorted(groups.values(), key=_size_and_age, reverse=True)
    if not ordered:
        return Group([], left_out)
    main, *others = ordered
    left_out += [_left_out(run, _other(run, main[0])) for group in others for run in group]
    kept = []
    for of_recipe in variants(main).values():
        same, different = _same_settings(of_recipe)
        left_out += [_left_out(run, _other_settings(run, same[0])) for run in different]
        newest = {run.seed: run for run in sorted(same, key=lambda run: run.finished_at)}
        kept += newest.values()
        left_out += [
            _left_out(run, f"an older run of the same recipe and seed as {newest[run.seed].folder}")
            for run in same
            if run is not newest[run.seed]
        ]
    return Group(kept, left_out)


def variants(runs: list[Run]) -> dict[tuple[str, str], list[Run]]:
    """Runs that differ in their seed alone, by recipe and what a sweep has varied."""
    found = defaultdict(list)
    for run in runs:
        found[run.recipe, json.dumps(run.varied, sort_keys=True)].append(run)
    return {key: sorted(of_one, key=lambda run: run.seed) for key, of_one in sorted(found.items())}


def _about(run: Run) -> dict[str, Any]:
    """What must be equal, by the name that people know it by."""
    protocol = Protocol.of_summary(run.summary)
    scoring = {"metric_set", "scoring_sha256"}
    return {
        # Where nothing is asked, recipes are told apart by their validation loss.
        "other data": None if run.predictions else run.summary["data"]["sha256"],
        "other test questions": questions_sha256(run.predictions),
        "another base model": run.summary["base_model"]["sha256"],
        "another prompt format or limit on length": run.summary["rendering"],
        "another form of the base": base_quantization(run.summary),
        "other metrics": protocol.metric_set,
        "another version of the scoring": protocol.scoring_sha256,
        "other settings of answers": protocol.model_dump(exclude=scoring),
    }


def base_quantization(summary: dict[str, Any]) -> str:
    """How the base was held where a run was scored: `none`, or a type of quantization."""
    if summary.get("scored_on", "unquantized") == "unquantized":
        return "none"
    return summary["settings"]["quantization"]["type"]


def _stale(run: Run) -> str:
    """Why a summary cannot be used, or is not of one run with the answers; empty if it can."""
    if any("group" not in row for row in run.predictions):
        return "its answers name no groups: an older version wrote them. Run the recipe again"
    if "scoring_sha256" not in run.summary:
        return f"its summary is of an older version of this project. {COMMAND} scores it anew"
    chosen = metrics.of_summary(run.summary)
    values = by_example(run.predictions, chosen)
    if not values:
        return ""  # nothing was scored example by example
    mean = sum(values) / len(values)
    if not math.isfinite(mean):
        return f"its {chosen.headline} is no number: training diverged"
    told = run.summary["metrics"][chosen.headline]["value"]
    if abs(mean - told) <= _TOLERANCE:
        return ""
    return (
        f"its summary says {chosen.headline} {told:.4f}, its answers {mean:.4f}: they are of "
        "two runs. Run the recipe again"
    )


def _size_and_age(group: list[Run]) -> tuple[int, float]:
    return len(group), max(run.finished_at for run in group)


def _other(run: Run, main: Run) -> str:
    ours, theirs = _about(run), _about(main)
    differing = [name for name in ours if ours[name] != theirs[name]]
    values = {
        "other data": f"sha256 {str(ours['other data'])[:8]}, the others have "
        f"{str(theirs['other data'])[:8]}",
        "another version of the scoring": f"{COMMAND} makes them equal",
        "another base model": run.summary["base_model"]["id"],
        "another prompt format or limit on length": json.dumps(run.summary["rendering"]),
        "another form of the base": "it was scored on the base in quantization "
        f"{ours['another form of the base']}",
        "other settings of answers": json.dumps(ours["other settings of answers"]),
    }
    return "; ".join(f"{name} ({values[name]})" if name in values else name for name in differing)


def _same_settings(runs: list[Run]) -> tuple[list[Run], list[Run]]:
    """Seeds are averaged only if nothing but the seed differs."""
    groups = defaultdict(list)
    for run in runs:
        groups[sha256_of(_settings(run))].append(run)
    main, *others = sorted(groups.values(), key=_size_and_age, reverse=True)
    return main, [run for group in others for run in group]


def _settings(run: Run) -> dict[str, Any]:
    """The resolved recipe, and what it was trained on and computed in.

    What it is made of stands there by names, for each seed's parts lie elsewhere.
    """
    settings = run.summary.get("settings") or {}
    if settings and (parts := run.summary.get("parts")):
        names = [part["recipe"] for part in parts]
        settings = settings | {"adapter": settings["adapter"] | {"adapters": names}}
    machine = run.summary.get("hardware") or {}
    return settings | {
        "training data": run.summary["data"]["sha256"][:8],
        "training in": machine.get("compute_dtype"),
    }


def _other_settings(run: Run, main: Run) -> str:
    ours, theirs = flat(_settings(run)), flat(_settings(main))
    names = sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))
    shown = [f"{name} {ours.get(name)}, not {theirs.get(name)}" for name in names[:4]]
    return f"other settings than seed {main.seed} of the same recipe: {'; '.join(shown)}"


def _left_out(run: Run, reason: str) -> LeftOut:
    return LeftOut(run.recipe, run.seed, run.folder, reason)
