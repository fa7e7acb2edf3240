"""What stands behind the document of a comparison: the runs' summaries, and the scores.

Written beside it and read back, so that the document can be made again from these files alone.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from peftline.comparison import groups
from peftline.comparison.base import WAYS
from peftline.comparison.result import Comparison, Row
from peftline.comparison.rows import by_name
from peftline.comparison.runs import Failure, Run, Runs
from peftline.errors import PeftlineError
from peftline.evaluation import metrics
from peftline.evaluation.protocol import Protocol, scoring_sha256
from peftline.evaluation.rows import Rows
from peftline.sweep.state import Sweep

FOLDER = "results"
"""Beside the document."""
SCORES = "scores.csv"
INDEX = "index.json"
_MODES = {name: mode for mode, name in WAYS.items()}


class Recorded(NamedTuple):
    """A comparison that was written before."""

    runs: Runs
    date: str
    machine: str | None


def files(recorded: Recorded, found: Comparison) -> dict[str, str]:
    """By name: the summary of each run, what each test example scored in each row, and an index.

    Args:
        recorded: all runs, also those that are left out of the comparison.
        found: the comparison.
    """
    named = _named(recorded.runs.runs)
    contents = {f"{name}.json": _json(_written(run.summary)) for name, run in named.items()}
    scored = bool(found.example_ids)
    contents[INDEX] = _json(_index(recorded, named, scored))
    return contents | ({SCORES: _scores(found)} if scored else {})


def read(folder: Path) -> Recorded:
    """What `files` has written into a folder: runs with their scores, but without their answers.

    Raises:
        PeftlineError: a file is missing, or is none of these.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        scored = any(one["column"] for one in index["runs"])
        columns, base = _answers(folder / SCORES) if scored else ({}, [])
        runs = [
            Run(
                recipe=summary["recipe"],
                seed=summary["seed"],
                folder=one["folder"],
                summary=summary,
                history={},
                predictions=columns.get(one["column"], []),
                base_scores=None,
                base_predictions=base,
                base_metrics=summary["base_metrics"]
                | {"protocol": Protocol.of_summary(summary).model_dump()},
                finished_at=one["finished_at"],
                varied=one["varied"],
            )
            for one in index["runs"]
            for summary in [_summary(folder / one["file"])]
        ]
        sweep = Sweep.model_validate(index["sweep"]) if index["sweep"] else None
        failures = [Failure(**one) for one in index["failures"]]
        left = Runs(Path(index["root"]), runs, failures, sweep)
        return Recorded(left, index["date"], index["machine"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PeftlineError(
            f"{folder} holds no comparison that `kedro results --write` has written: {error}. "
            "Name the folder of its index.json, such as docs/results."
        ) from error


def _written(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary for the record: its scores stand by themselves, whatever scores by then."""
    return {name: value for name, value in summary.items() if name != "scoring_sha256"}


def _summary(file: Path) -> dict[str, Any]:
    """Of a run. Its scores are read as they stand, so they count as of today's scoring."""
    summary = json.loads(file.read_text(encoding="utf-8"))
    judged = metrics.of_summary(summary)
    return summary | {"scoring_sha256": judged and scoring_sha256(judged)}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _index(recorded: Recorded, named: dict[str, Run], scored: bool) -> dict[str, Any]:
    """What neither summaries nor scores say; a run that has no scores has no column."""
    left = recorded.runs
    kept = groups.comparable(left.runs).runs if scored else []
    columns = {
        run.folder: _column(name, run.seed)
        for name, of_one in by_name(kept).items()
        for run in of_one
    }
    return {
        "root": left.root.name,
        "date": recorded.date,
        "machine": recorded.machine,
        "runs": [
            {
                "file": f"{name}.json",
                "column": columns.get(run.folder),
                "folder": run.folder,
                "finished_at": run.finished_at,
                "varied": run.varied,
            }
            for name, run in named.items()
        ],
        "failures": [asdict(failure) for failure in left.failures],
        "sweep": left.sweep.model_dump(mode="json") if left.sweep else None,
    }


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    times = Counter((run.recipe, run.seed) for run in runs)
    named = {}
    for run in runs:
        name = _column(run.recipe, run.seed)
        if times[run.recipe, run.seed] > 1:  # settings that differ: each point has a folder
            name += f"-{run.folder.split('/', 1)[0]}"
        named[name] = run
    return named


def _column(name: str, seed: int) -> str:
    return f"{name}-seed-{seed}"


def _scores(found: Comparison) -> str:
    """All that tests go by: a line for each example, a column for each seed of each row."""
    columns: dict[str, list[float]] = {}
    for row in found.rows:
        columns |= dict(zip(_columns(row), row.scores, strict=False))  # a row may have no scores
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{found.headline} of", "group", *columns])
    for one, group, *scores in zip(
        found.example_ids, found.example_groups, *columns.values(), strict=True
    ):
        numbers = (int(score) if score.is_integer() else score for score in scores)
        writer.writerow([one, group, *numbers])
    return text.getvalue()


def _columns(row: Row) -> list[str]:
    return [_column(row.name, seed) for seed in row.seeds] or [row.name]


def _answers(file: Path) -> tuple[dict[str, Rows], Rows]:
    """Scored rows by column, and those of the base, each with its mode."""
    with file.open(encoding="utf-8", newline="") as lines:
        (first, _, *names), *table = csv.reader(lines)
    headline = first.removesuffix(" of")
    columns = {name: list(_rows(headline, table, at)) for at, name in enumerate(names, start=2)}
    base = [row | {"mode": mode} for name, mode in _MODES.items() for row in columns.get(name, [])]
    return columns, base


def _rows(headline: str, table: list[list[str]], column: int) -> Iterator[dict[str, Any]]:
    for line in table:
        # What an example adds to a loss per token is written, so that each counts as one token.
        scores = {headline: float(line[column]), "tokens": 1}
        texts = {"prompt": "", "reference": "", "prediction": ""}
        yield {"id": line[0], "group": line[1], **texts, "finished": True, "scores": scores}
