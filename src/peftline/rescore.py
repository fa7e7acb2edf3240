"""Score the stored answers of finished runs anew, without a model: after a metric was mended."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from peftline import jsonl, publishing, store
from peftline.comparison import runs as stored_runs
from peftline.comparison.runs import Run
from peftline.comparison.versions import is_current
from peftline.errors import PeftlineError, listed
from peftline.evaluation import base_scores, metrics
from peftline.evaluation.metrics.metric_set import Metrics, MetricSet
from peftline.evaluation.protocol import questions_sha256, scoring_sha256
from peftline.evaluation.rows import Rows, by_mode
from peftline.handles import BaseScores, dump
from peftline.reports.summary import MODES, Delivered, verdict
from peftline.schema import Evaluation

SHOWN = "scores.json"
"""Beside the answers and metrics of the last run's base: which scores they are."""
# Figures of a summary whose answers are not stored.
_WITHOUT_ANSWERS = ("metrics_quantized", "metrics_unquantized", "validation_metrics")


class Outcome(NamedTuple):
    """What has become of the scores of a run, or of the base beside runs."""

    folder: str
    """Relative to the root."""
    is_renewed: bool
    note: str
    """Why they stay, or what of them could not be renewed; empty if there is nothing to say."""


class _New(NamedTuple):
    """Files that take the place of others, in this order: the last one says that all are new."""

    files: dict[Path, str]
    outcome: Outcome
    is_as_read: Callable[[], bool] = lambda: True
    """Whether what was scored still stands there: a run may have ended since."""


class _Base(NamedTuple):
    """What the base has answered, and its scores of today."""

    stored: BaseScores
    rows: Rows
    metrics: dict[str, Any]
    is_new: bool = False


def rescore(root: Path) -> list[Outcome]:
    """Score all runs of a root anew, with those of a sweep there, as far as their scoring is old.

    Scores, metrics, the base's metrics and the verdict become those of today; answers stay as they
    are. Nothing is written if something cannot be scored. A process that is killed leaves runs of
    the old scoring and runs of the new one, and the next call does the rest.

    Raises:
        PeftlineError: there are no runs, or references that today's metrics cannot score.
    """
    places: dict[Path, list[Run]] = {}
    for run in stored_runs.read(root).runs:
        places.setdefault((root / run.folder).parents[2], []).append(run)
    made, problems = {}, []
    for place, of_place in places.items():
        try:
            made[place] = _place(place, of_place, root)
        except ValueError as error:
            problems.append(f"{place.relative_to(root.parent).as_posix()}: {error}")
    if problems:
        raise PeftlineError("\n".join(["Nothing was changed.", *problems]))
    outcomes = []
    for place, news in made.items():
        with publishing.settled(place):
            outcomes += [_written(new) for new in news]
    return outcomes


def _written(new: _New) -> Outcome:
    if new.files and not new.is_as_read():
        note = "another run has ended since its answers were read; give the command again"
        return Outcome(new.outcome.folder, False, note)
    _write(new.files)
    return new.outcome


def _place(place: Path, runs: list[Run], root: Path) -> list[_New]:
    """What is new beside each other: what the base has answered, and the runs."""
    bases: dict[str, _Base] = {}
    made = []
    for run in runs:
        name = run.base_scores.sha256
        if name not in bases:
            new, bases[name] = _of_base(place / "07_model_output" / "base", run, root)
            made += [new] if run.base_predictions else []
        made.append(_of_run(run, bases[name], place, root))
    return made


def _of_base(folder: Path, run: Run, root: Path) -> tuple[_New, _Base]:
    """What a run was compared with, scored anew, and the copies of it that people look at."""
    base = _Base(run.base_scores, run.base_predictions, run.base_metrics)
    where, protocol = folder.relative_to(root).as_posix(), base.metrics.get("protocol", {})
    metric_set = metrics.of_summary(protocol) or _set_of(run)
    if metric_set is None or is_current(protocol) or not base.rows:
        return _New({}, Outcome(where, False, "")), base
    if fixed := _fixed(base.rows, metric_set):
        return _New({}, Outcome(where, False, fixed)), base
    rows = _scored(base.rows, metric_set)
    renewed = base.metrics | {
        mode: metric_set.aggregate(answered) for mode, answered in by_mode(rows).items()
    }
    if protocol:
        renewed["protocol"] = protocol | {"scoring_sha256": scoring_sha256(metric_set)}
    stored = base_scores.renewed(base.stored, rows, renewed)
    files = {}
    if _is_shown(folder, base.stored):
        files = {
            folder / "predictions.jsonl": jsonl.text(rows),
            folder / "metrics.json": _json(renewed),
            folder / SHOWN: dump(stored, folder),
        }
    new = _New(files, Outcome(where, True, ""), partial(_is_shown, folder, base.stored))
    return new, _Base(stored, rows, renewed, is_new=True)


def _is_shown(folder: Path, scores: BaseScores) -> bool:
    """Whether the files of the last run, beside the folders of all, are about these scores."""
    file = folder / SHOWN
    return file.exists() and json.loads(file.read_text("utf-8"))["sha256"] == scores.sha256


def _of_run(run: Run, base: _Base, place: Path, root: Path) -> _New:
    if is_current(run.summary) and not base.is_new:
        return _New({}, Outcome(run.folder, False, ""))
    metric_set = _set_of(run)
    if metric_set and (fixed := _fixed([*run.predictions, *base.rows], metric_set)):
        return _New({}, Outcome(run.folder, False, fixed))
    rows = _scored(run.predictions, metric_set) if metric_set else run.predictions
    changed = [row["scores"] for row in rows] != [row["scores"] for row in run.predictions]
    lost = [name for name in _WITHOUT_ANSWERS if changed and run.summary.get(name)]
    scores = metric_set.aggregate(rows) if metric_set else {}
    summary = run.summary | _of_today(run, metric_set, scores, rows, base) | dict.fromkeys(lost)
    output = place / "07_model_output" / run.recipe / f"seed-{run.seed}"
    note = f"{' and '.join(lost)}: without stored answers; null in the summary" if lost else ""
    return _New(
        {
            output / "predictions.jsonl": jsonl.text(rows),
            output / "metrics.json": _json(scores),
            **{output / f"{name}.json": "{}\n" for name in lost},
            **_inputs(root / run.folder, base),
            root / run.folder / "summary.json": _json(summary),
        },
        Outcome(run.folder, True, note),
        lambda: (root / run.folder / "summary.json").stat().st_mtime == run.finished_at,
    )


def _inputs(reports: Path, base: _Base) -> dict[Path, str]:
    """What a run was made of, with the base's scores of today."""
    file = reports / "inputs.json"
    inputs = json.loads(file.read_text(encoding="utf-8"))
    return {file: _json(inputs | {"base_scores": json.loads(dump(base.stored, reports))})}


def _of_today(
    run: Run, metric_set: MetricSet | None, scores: Metrics, rows: Rows, base: _Base
) -> dict[str, Any]:
    """The parts of a summary that follow from the scores."""
    return {
        "verdict": verdict(
            Delivered(run.recipe, run.summary["adapter_bytes"]),
            run.summary | run.history,
            scores,
            base.metrics,
            rows,
            base.rows,
            metric_set,
            Evaluation.model_validate(run.summary["evaluation"]).run_deviation,
            run.summary.get("scored_on_reason"),
        ),
        "metric_set": metric_set and metric_set.name,
        "scoring_sha256": metric_set and scoring_sha256(metric_set),
        "metrics": scores,
        "base_metrics": {mode: base.metrics.get(mode) for mode in MODES},
        "base_scores_sha256": base.stored.sha256,
        "data": run.summary["data"] | {"test_sha256": questions_sha256(rows)},
    }


def _set_of(run: Run) -> MetricSet | None:
    """As the summary names it; an older one names none."""
    if "metric_set" in run.summary:
        return metrics.of_summary(run.summary)
    wanted = Evaluation.model_validate(run.summary["evaluation"]).metrics
    return metrics.of_answers(wanted, run.predictions)


def _scored(rows: Rows, metric_set: MetricSet) -> Rows:
    """The same answers with today's scores.

    Raises:
        ValueError: references cannot be scored; the message names them all.
    """
    scored, reasons = [], {}
    for row in rows:
        try:
            scored.append(row | {"scores": metric_set.score(row["prediction"], row["reference"])})
        except ValueError as error:
            reasons[row["id"]] = str(error)
    if reasons:
        first = next(iter(reasons.values()))
        raise ValueError(
            f"{len(reasons)} references cannot be scored by '{metric_set.name}' any more: "
            f"{listed(list(reasons))}. {first}"
        )
    return scored


def _fixed(rows: Rows, metric_set: MetricSet) -> str:
    """Why scores stay as they are; empty if they can be made anew."""
    if not metric_set.is_of_text:
        return (
            f"scores of '{metric_set.name}' are made of likelihoods, which are not stored; run the "
            "recipe again"
        )
    if any("group" not in row for row in rows):
        return "the answers name no groups: an older version wrote them; run the recipe again"
    return ""


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write(files: dict[Path, str]) -> None:
    """Each whole or not at all; with the time of the former one, by which the newest run is
    known."""
    for file, text in files.items():
        before = file.stat() if file.exists() else None
        store.write_text(file, text)
        if before:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
