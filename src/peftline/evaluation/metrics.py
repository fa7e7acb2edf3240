"""Scores of answers: per example, and as values with 95 % intervals."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from peftline.tool_calls import scoring

Scores = dict[str, bool | float]
_RESAMPLES = 2000
_CONFIDENCE = 0.95


def choose(wanted: str, references: list[str]) -> str:
    """`auto` is `tool_calls` if every reference is a call or a refusal, else `text`."""
    if wanted != "auto":
        return wanted
    answers = [scoring.parse(reference) for reference in references]
    called = all(answer.refusal or answer.calls is not None for answer in answers)
    return "tool_calls" if references and called else "text"


def score(kind: str, prediction: str, reference: str) -> Scores:
    """Scores of one example, by name."""
    if kind == "tool_calls":
        return scoring.score(prediction, reference)
    return _score_text(prediction, reference)


def aggregate(kind: str, scores: list[Scores]) -> dict[str, dict[str, Any]]:
    """Value, 95 % interval and n of each metric."""
    if kind == "text":
        return {
            "exact_match": proportion([bool(row["exact_match"]) for row in scores]),
            "rouge_l": mean([float(row["rouge_l"]) for row in scores]),
        }
    metrics = {
        name: proportion([bool(row[name]) for row in scores])
        for name in ("exact_match", "valid_json", "name_accuracy")
    }
    refused = [bool(row["reference_refusal"]) for row in scores if row["predicted_refusal"]]
    due = [bool(row["predicted_refusal"]) for row in scores if row["reference_refusal"]]
    return metrics | {"refusal_precision": proportion(refused), "refusal_recall": proportion(due)}


def headline(metrics: Mapping[str, Any]) -> str:
    """The metric by which answers are judged, among those that there are."""
    return "rouge_l" if "rouge_l" in metrics else "exact_match"


def proportion(hits: list[bool]) -> dict[str, Any]:
    """Share of hits with its Wilson interval (scipy.stats.binomtest); null without examples."""
    if not hits:
        return {"value": None, "low": None, "high": None, "n": 0}
    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci(_CONFIDENCE, method="wilson")
    return _metric(sum(hits) / len(hits), interval.low, interval.high, len(hits))


def mean(values: list[float]) -> dict[str, Any]:
    """Mean with its bootstrap interval (scipy.stats.bootstrap, percentile)."""
    if not values:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = _bootstrap(np.asarray(values))
    return _metric(float(np.mean(values)), low, high, len(values))


def paired_difference(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Mean of ours - theirs over the same examples, with its bootstrap interval.

    Raises:
        ValueError: the lists differ in length.
    """
    pairs = zip(ours, theirs, strict=True)
    return mean([float(a) - float(b) for a, b in pairs])


def _bootstrap(values: np.ndarray) -> tuple[float, float]:
    if len(values) < 2 or np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=_RESAMPLES,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _metric(value: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "n": n}


def _score_text(prediction: str, reference: str) -> Scores:
    scorer = _rouge()
    return {
        "exact_match": " ".join(prediction.split()) == " ".join(reference.split()),
        "rouge_l": round(scorer(reference, prediction)["rougeL"].fmeasure, 6),
    }


@functools.cache
def _rouge() -> Callable[[str, str], Any]:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words()).score


class _Words:
    """Words of any script; rouge-score's own tokenizer knows a to z and digits only."""

    def tokenize(self, text: str) -> list[str]:
        """Lower-case words."""
        return re.findall(r"\w+", text.casefold())
