"""What stands behind the document of a comparison: the runs' summaries, and the scores."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence

from peftline.comparison.result import Comparison
from peftline.comparison.runs import Run

FOLDER = "results"
"""Beside the document."""
SCORES = "scores.csv"


def files(runs: Sequence[Run], found: Comparison) -> dict[str, str]:
    """By name: the summary of each run, and what each test example scored in each row.

    Args:
        runs: all, also those that are left out of the comparison.
        found: the comparison.
    """
    summaries = {
        f"{name}.json": json.dumps(run.summary, indent=2, ensure_ascii=False) + "\n"
        for name, run in _named(runs).items()
    }
    return summaries | ({SCORES: _scores(found)} if found.example_ids else {})


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    times = Counter((run.recipe, run.seed) for run in runs)
    named = {}
    for run in runs:
        name = f"{run.recipe}-seed-{run.seed}"
        if times[run.recipe, run.seed] > 1:  # settings that differ: each point has a folder
            name += f"-{run.folder.split('/', 1)[0]}"
        named[name] = run
    return named


def _scores(found: Comparison) -> str:
    """All that tests go by: a line for each example, a column for each seed of each row."""
    columns: dict[str, list[float]] = {}
    for row in found.rows:
        names = [f"{row.name}-seed-{seed}" for seed in row.seeds] or [row.name]
        columns |= dict(zip(names, row.scores, strict=False))  # a row may have no scores
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{found.headline} of", *columns])
    for one, *scores in zip(found.example_ids, *columns.values(), strict=True):
        writer.writerow([one, *(int(score) if score.is_integer() else score for score in scores)])
    return text.getvalue()
