"""The answers of all rows to the same examples, for a browser of where two of them differ."""

import json
from collections import Counter
from typing import Any

from peftline.comparison import base as without_training
from peftline.comparison import rows
from peftline.comparison.result import Comparison
from peftline.comparison.runs import Run
from peftline.evaluation.rows import Rows

_MOST_BYTES = 8_000_000  # the page stays under 15 MB, and opens in a second


def embedded(found: Comparison, kept: list[Run]) -> dict[str, Any]:
    """Examples, and each row's answers and scores in their order: of one seed alone.

    It is the one that most rows have, so that two rows differ in no more than their recipes.

    Only so many examples are embedded as fit into 8 MB; `examples_in_all` says how many there are.
    """
    if found.headline is None or not kept:
        return {"rows": [], "examples": [], "examples_in_all": 0}
    usual = Counter(sorted(run.seed for run in kept)).most_common(1)[0][0]  # the smallest of equals
    answers: dict[str, tuple[int | None, Rows]] = {}
    for name, runs in rows.by_name(kept).items():
        shown = next((run for run in runs if run.seed == usual), runs[0])
        answers[name] = (shown.seed, shown.predictions)
    base, _ = without_training.answers(kept)
    answers |= {name: (None, answered) for name, (answered, _) in base.items()}
    by_id = {name: {row["id"]: row for row in answered} for name, (_, answered) in answers.items()}
    ids = sorted(row["id"] for row in kept[0].predictions)
    fitting = _fitting(ids, list(by_id.values()))
    asked = {row["id"]: row for row in kept[0].predictions}
    return {
        "metric": found.headline,
        "higher_is_better": found.higher_is_better,
        "rows": [
            {
                "name": row.name,
                "seed": answers[row.name][0],
                "answers": [by_id[row.name][one]["prediction"] for one in fitting],
                "scores": [_score(by_id[row.name][one], found.headline) for one in fitting],
            }
            for row in found.rows
            if row.name in answers and _is_scored(answers[row.name][1], found.headline)
        ],
        "examples": [
            {name: asked[one][name] for name in ("id", "prompt", "reference")} for one in fitting
        ],
        "examples_in_all": len(ids),
    }


def _is_scored(answered: Rows, headline: str) -> bool:
    return all(row["scores"].get(headline) is not None for row in answered)


def _score(row: dict[str, Any], headline: str) -> float:
    return round(float(row["scores"][headline]), 6)


def _fitting(ids: list[str], answers: list[dict[str, Any]]) -> list[str]:
    room = _MOST_BYTES
    for count, one in enumerate(ids):
        room -= sum(len(json.dumps(of_row[one]["prediction"])) for of_row in answers)
        first = answers[0][one]
        room -= len(json.dumps(first["prompt"])) + len(json.dumps(first["reference"]))
        if room < 0:
            return ids[:count]
    return ids
