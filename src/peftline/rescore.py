"""Score the stored answers of finished runs anew, without a model: after a metric was mended."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from peftline import jsonl, store
from peftline.comparison import runs as stored
from peftline.comparison.runs import Run
from peftline.comparison.versions import is_current
from peftline.errors import PeftlineError, listed
from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import Metrics, MetricSet
from peftline.evaluation.protocol import questions_sha256, scoring_sha256
from peftline.evaluation.rows import Rows, by_mode
from peftline.reports.summary import MODES, Delivered, verdict
from peftline.schema import Evaluation

# Figures of a summary whose answers are not stored.
_WITHOUT_ANSWERS = ("metrics_quantized", "validation_metrics")


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


class _Base(NamedTuple):
    rows: Rows
    scores: dict[str, Any]


def rescore(root: Path) -> list[Outcome]:
    """Score all runs of a root anew, with those of a sweep there, as far as their scoring is old.

    Scores, metrics, the base's metrics and the verdict become those of today; answers stay as they
    are. Nothing is written if something cannot be scored. A process that is killed leaves runs of
    the old scoring and runs of the new one, and the next call does the rest.

    Raises:
        PeftlineError: there are no runs, or references that today's metrics cannot score.
    """
    places: dict[Path, list[Run]] = {}
    for run in stored.read(root).runs:
        places.setdefault((root / run.folder).parents[2], []).append(run)
    made, problems = [], []
    for place, of_place in places.items():
        try:
            made += _place(place, of_place, root)
        except ValueError as error:
            problems.append(f"{place.relative_to(root.parent).as_posix()}: {error}")
    if problems:
        raise PeftlineError("\n".join(["Nothing was changed.", *problems]))
    for new in made:
        _write(new.files)
    return [new.outcome for new in made]


def _place(place: Path, runs: list[Run], root: Path) -> Iterable[_New]:
    """What is new beside each other: the base, which the runs there have in common, and they."""
    first = runs[0]
    base, made = _Base(first.base_predictions, first.base_metrics), []
    if base.rows:
        new, base = _of_base(place / "07_model_output" / "base", base, _set_of(first), root)
        made.append(new)
    renewed = any(new.outcome.is_renewed for new in made)
    return [*made, *(_of_run(run, base, place, root, renewed) for run in runs)]


def _of_base(
    folder: Path, base: _Base, metric_set: MetricSet | None, root: Path
) -> tuple[_New, _Base]:
    where, protocol = folder.relative_to(root).as_posix(), base.scores.get("protocol", {})
    metric_set = metrics.of_summary(protocol) or metric_set
    if metric_set is None or is_current(protocol):
        return _New({}, Outcome(where, False, "")), base
    if not metric_set.is_of_text:
        return _New({}, Outcome(where, False, _fixed(metric_set))), base
    rows = _scored(base.rows, metric_set)
    scores = base.scores | {
        mode: metric_set.aggregate(said) for mode, said in by_mode(rows).items()
    }
    if protocol:
        scores["protocol"] = protocol | {"scoring_sha256": scoring_sha256(metric_set)}
    files = {folder / "predictions.jsonl": jsonl.text(rows), folder / "metrics.json": _json(scores)}
    return _New(files, Outcome(where, True, "")), _Base(rows, scores)


def _of_run(run: Run, base: _Base, place: Path, root: Path, base_is_new: bool) -> _New:
    if is_current(run.summary) and not base_is_new:
        return _New({}, Outcome(run.folder, False, ""))
    metric_set = _set_of(run)
    if metric_set and not metric_set.is_of_text:
        return _New({}, Outcome(run.folder, False, _fixed(metric_set)))
    if metric_set and (apart := _apart(run, base, metric_set)):
        return _New({}, Outcome(run.folder, False, f"{apart}; run the recipe again"))
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
            root / run.folder / "summary.json": _json(summary),
        },
        Outcome(run.folder, True, note),
    )


def _apart(run: Run, base: _Base, metric_set: MetricSet) -> str:
    """Why the base beside a run is no opponent for its verdict; empty if it is."""
    asked = questions_sha256(run.predictions)
    if not base.rows:
        return "there are no answers of the base beside it"
    if any(questions_sha256(of_mode) != asked for of_mode in by_mode(base.rows).values()):
        return "the base beside it has answered other questions since"
    settings = run.summary["evaluation"] | {"metric_set": metric_set.name}
    protocol = base.scores.get("protocol", {}).items()  # of an older version there is none
    if any(name in settings and value != settings[name] for name, value in protocol):
        return "the base beside it has been asked or scored otherwise since"
    return ""


def _of_today(
    run: Run, metric_set: MetricSet | None, scores: Metrics, rows: Rows, base: _Base
) -> dict[str, Any]:
    """The parts of a summary that follow from the scores."""
    delivered = Delivered(run.recipe, run.summary["adapter_bytes"])
    history = run.summary | run.history
    return {
        "verdict": verdict(delivered, history, scores, base.scores, rows, base.rows, metric_set),
        "metric_set": metric_set and metric_set.name,
        "scoring_sha256": metric_set and scoring_sha256(metric_set),
        "metrics": scores,
        "base_metrics": {mode: base.scores.get(mode) for mode in MODES},
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


def _fixed(metric_set: MetricSet) -> str:
    return (
        f"scores of '{metric_set.name}' are made of likelihoods, which are not stored; run the "
        "recipe again"
    )


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
