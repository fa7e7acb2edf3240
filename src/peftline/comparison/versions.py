"""Whether runs are scored as this project scores now, and what to do where they are not."""

from collections import Counter
from typing import Any

from peftline.comparison.runs import Runs, experiment
from peftline.evaluation import metrics
from peftline.evaluation.protocol import scoring_sha256

COMMAND = "kedro rescore"
"""Scores stored answers anew."""


def is_current(scored: dict[str, Any]) -> bool:
    """Whether scores are of today's scoring.

    Args:
        scored: a summary, or the protocol of the base's scores: `metric_set`, `scoring_sha256`.
    """
    if "scoring_sha256" not in scored:
        return False
    metric_set = metrics.of_summary(scored)
    return metric_set is None or scored["scoring_sha256"] == scoring_sha256(metric_set)


def advice(runs: Runs) -> list[str]:
    """How many runs were scored otherwise, and the command that scores them anew."""
    older = [run for run in runs.runs if not is_current(run.summary)]
    if not older:
        return []
    place = experiment(runs.root)
    command = f"{COMMAND} --experiment {place}" if place else COMMAND
    sets = Counter(run.summary.get("metric_set") for run in older)
    fixed = sum(count for name, count in sets.items() if name and not metrics.SETS[name].is_of_text)
    sentence = (
        f"{len(older)} of {len(runs.runs)} runs are of another version of the scoring than this "
        f"project: {command} (with the same --env) scores their stored answers anew, without a "
        "model."
    )
    if fixed:
        sentence += (
            f" {fixed} of them can only be run again: what they were scored by is not stored."
        )
    return [sentence]
