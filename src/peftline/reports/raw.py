"""What stands behind the document of a comparison: the runs' summaries, and the scores."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence

from peftline.comparison.runs import Run

FOLDER = "results"
"""Beside the document."""
SCORES = "scores.csv"


def files(runs: Sequence[Run], headline: str | None) -> dict[str, str]:
    """By name: the summary of each run, and what each test example scored in it."""
    named = _named(runs)
    found = {
        f"{name}.json": json.dumps(run.summary, indent=2, ensure_ascii=False) + "\n"
        for name, run in named.items()
    }
    return found | ({SCORES: _scores(named, headline)} if headline else {})


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    times = Counter((run.recipe, run.seed) for run in runs)
    named = {}
    for run in runs:
        name = f"{run.recipe}-seed-{run.seed}"
        if times[run.recipe, run.seed] > 1:  # settings that differ: each point has a folder
            name += f"-{run.folder.split('/', 1)[0]}"
        named[name] = run
    return named


def _scores(named: Mapping[str, Run], headline: str) -> str:
    """All that tests go by: a line for each example, a column for each run."""
    columns = [
        {row["id"]: row["scores"].get(headline) for row in run.predictions}
        for run in named.values()
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{headline} of", *named])
    for one in sorted({key for column in columns for key in column}):
        scores = (column.get(one) for column in columns)
        writer.writerow([one, *("" if score is None else f"{score:g}" for score in scores)])
    return text.getvalue()
