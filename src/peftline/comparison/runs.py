"""What runs have left under a root, read into values."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peftline import jsonl, publishing
from peftline.errors import PeftlineError, listed
from peftline.evaluation.rows import Rows
from peftline.handles import BaseScores, parse
from peftline.sweep import state
from peftline.sweep.point import Result


@dataclass(frozen=True)
class Run:
    """One recipe with one seed, finished."""

    recipe: str
    seed: int
    folder: str
    """Of its reports, relative to the root that was read."""
    summary: dict[str, Any]
    history: dict[str, Any]
    predictions: Rows
    base_predictions: Rows
    """Answers of the base that it was compared with, each with its `mode`; runs with the same ones
    share them."""
    finished_at: float
    """When its summary was written, in seconds since 1970."""
    varied: dict[str, Any] = field(default_factory=dict)
    """What a sweep has set besides the recipe's file, by dotted name."""


@dataclass(frozen=True)
class Failure:
    """A run without a result."""

    recipe: str
    seed: int | None
    reason: str
    varied: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Runs:
    """All runs of a root."""

    root: Path
    runs: list[Run]
    failures: list[Failure]
    sweep: state.Sweep | None = None


def read(root: Path) -> Runs:
    """Read the runs directly under a root, and those of the final points of a sweep there.

    No run takes its place while its files are read.

    Raises:
        PeftlineError: there is no run at all.
    """
    sweep = state.read(root)
    bases: dict[str, Rows] = {}
    runs, failures = _read_place(root, root, {}, bases)
    for point in sweep.points if sweep else []:
        if point.status != "finished":
            failures.append(_failure(point))
        elif point.stage == "final":
            place = root / point.folder
            found, missing = _read_place(place, root, point.settings, bases)
            runs += found
            failures += missing
            if not found and not missing:
                reason = f"{place}: the sweep calls it finished, but no run is there"
                failures.append(Failure(point.recipe, point.seed, reason, point.settings))
    if not runs and not failures:
        raise PeftlineError(_nothing(root))
    return Runs(root, runs, failures, sweep)


def _read_place(
    place: Path, root: Path, varied: dict[str, Any], bases: dict[str, Rows]
) -> tuple[list[Run], list[Failure]]:
    """The runs whose reports lie in `<place>/08_reporting/<recipe>/seed-<seed>`."""
    with publishing.settled(place):
        return _read_settled(place, root, varied, bases)


def _read_settled(
    place: Path, root: Path, varied: dict[str, Any], bases: dict[str, Rows]
) -> tuple[list[Run], list[Failure]]:
    runs, failures = [], []
    for reports in _folders(place):
        recipe, seed = reports.parent.name, int(reports.name.removeprefix("seed-"))
        output = place / "07_model_output" / recipe / reports.name
        try:
            run = Run(
                recipe=recipe,
                seed=seed,
                folder=reports.relative_to(root).as_posix(),
                summary=json.loads((reports / "summary.json").read_text(encoding="utf-8")),
                history=json.loads((reports / "history.json").read_text(encoding="utf-8")),
                predictions=list(jsonl.read(output / "predictions.jsonl")),
                base_predictions=_base(reports, bases),
                finished_at=(reports / "summary.json").stat().st_mtime,
                varied=varied,
            )
        except FileNotFoundError as error:
            what = "not finished" if error.filename.endswith("summary.json") else "not whole"
            # What the base has answered lies above the root of an experiment.
            missing = Path(os.path.relpath(error.filename, root))
            reason = f"{what}: there is no {missing.as_posix()}"
            failures.append(Failure(recipe, seed, reason, varied))
        except ValueError as error:  # no JSON, or no text
            reason = f"a file in {reports.relative_to(root).as_posix()} cannot be read: {error}"
            failures.append(Failure(recipe, seed, reason, varied))
        else:
            runs.append(run)
    return runs, failures


def _folders(place: Path) -> Iterator[Path]:
    for reports in sorted((place / "08_reporting").glob("*/seed-*")):
        if reports.is_dir() and reports.name.removeprefix("seed-").isdigit():
            yield reports


def _base(reports: Path, read_before: dict[str, Rows]) -> Rows:
    """The base's answers that a run was compared with; equal ones are kept once."""
    inputs = json.loads((reports / "inputs.json").read_text(encoding="utf-8"))
    scores = parse(BaseScores, json.dumps(inputs["base_scores"]), reports)
    if scores.sha256 not in read_before:
        read_before[scores.sha256] = list(jsonl.read(scores.path / "predictions.jsonl"))
    return read_before[scores.sha256]


def _failure(point: Result) -> Failure:
    stage = "" if point.stage == "final" else "while its settings were chosen: "
    what = "not run yet" if point.status == "waiting" else point.error or "failed, without a word"
    return Failure(point.recipe, point.seed, stage + what, point.settings)


def _nothing(root: Path) -> str:
    above = next((one for one in root.parents if one.name == "experiments"), None)
    experiments = above or root / "experiments"
    names = sorted(path.name for path in experiments.glob("*") if path.is_dir() and path != root)
    there = f" Experiments that exist: {listed(names)} (--params=experiment=NAME)." if names else ""
    option = f" --params=experiment={root.relative_to(above).as_posix()}" if above else ""
    return (
        f"Nothing to compare in {root}: there is neither a run (looked for "
        f"08_reporting/<recipe>/seed-<seed>/) nor a sweep ({state.FILE}).{there} Run a recipe "
        f"first: kedro run --pipeline=lora{option}"
    )
