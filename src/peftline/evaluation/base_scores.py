"""What the untouched base has answered, as it lies on disk."""

import json
from pathlib import Path
from typing import Any

from peftline import jsonl, store
from peftline.evaluation.rows import Rows
from peftline.handles import BaseScores

ANSWERS, METRICS = "predictions.jsonl", "manifest.json"


def read(scores: BaseScores) -> tuple[Rows, dict[str, Any]]:
    """What was stored.

    Returns:
        Predictions, each with its `mode`, and the metrics of each mode. Besides, `not_asked`: why
        there is none of a mode; `protocol`: how answers were made and scored; and where several
        draws of worked examples were tried, `few_shot_draws`: which was `chosen`, by which
        `metric` on how many validation questions (`n`), and the `values` of all draws.
    """
    metrics = json.loads((scores.path / METRICS).read_text(encoding="utf-8"))
    return list(jsonl.read(scores.path / ANSWERS)), metrics


def sha256(folder: Path) -> str:
    """Of answers and metrics."""
    return store.sha256_of_files(folder / ANSWERS, folder / METRICS)


def renewed(scores: BaseScores, rows: Rows, metrics: dict[str, Any]) -> BaseScores:
    """The same answers with other scores, in a folder of their own: other runs keep theirs."""

    def write(folder: Path) -> dict[str, Any]:
        """The answers; their metrics are the manifest."""
        jsonl.write(folder / ANSWERS, rows)
        return metrics

    path, _ = store.build(scores.path.parent, {"of": scores.sha256, "metrics": metrics}, write)
    return scores.model_copy(update={"path": path, "sha256": sha256(path)})
