"""Runs made up for tests: only what a comparison reads."""

import copy
import json
import statistics

from peftline import jsonl, store
from peftline.comparison.pairs import turned
from peftline.comparison.runs import Run
from peftline.evaluation.statistics import mean, proportion
from peftline.handles import BaseScores, dump

SUMMARY = {
    "status": "finished",
    "merge": {"verified": True},
    "trainable_parameters": 1000,
    "adapter_bytes": 4096,
    "peak_memory_bytes": 2**30,
    "train_seconds": 60.0,
    "tokens_per_second": 100.0,
    "tokens": {"total": 8000, "supervised": 800},
    "steps": 8,
    "validation_loss": 0.5,
    "data": {"sha256": "d" * 64, "train": 80, "validation": 8, "test": 40},
    "base_model": {"id": "base", "sha256": "b" * 64, "parameters": 10**6},
    "rendering": {"format": "chat"},
    "versions": {"peft": "0.21"},
    "git_sha": "abc",
    "base_metrics": {},
}
HISTORY = {
    "records": [
        {"step": 0, "validation_loss": 2.0},
        {"step": 4, "train_loss": 1.0},
        {"step": 8, "train_loss": 0.6, "validation_loss": 0.5},
    ]
}


def answers(scores, metric="exact_match", **more):
    """A row per example, in the order of ids."""
    return [
        {
            "id": f"test-{at:03}",
            "prompt": f"question {at}",
            "reference": f"answer {at}",
            "prediction": f"answer {at}" if score == 1 else f"wrong {at}",
            "scores": {metric: score},
            **more,
        }
        for at, score in enumerate(scores)
    ]


def base_answers(**modes):
    return [row for mode, scores in modes.items() for row in answers(scores, mode=mode)]


def run(recipe, scores, seed=42, base=(), metric="exact_match", varied=None, age=0, **summary):
    """A run with these scores of its test examples; keywords replace keys of its summary."""
    predictions = answers(scores, metric)
    shares = {0, 1} >= set(scores)
    values = proportion([bool(s) for s in scores]) if shares else mean(list(map(float, scores)))
    told = {"recipe": recipe, "seed": seed, "metrics": {metric: values} if scores else {}}
    return Run(
        recipe=recipe,
        seed=seed,
        folder=f"08_reporting/{recipe}/seed-{seed}",
        summary=copy.deepcopy(SUMMARY) | told | summary,
        history=HISTORY,
        predictions=predictions,
        base_predictions=list(base),
        finished_at=1000.0 - age,
        varied=varied or {},
    )


def save(one, root, place="."):
    """Write a run as a recipe leaves it, in a place under a root."""
    reports = root / place / one.folder
    output = root / place / one.folder.replace("08_reporting", "07_model_output")
    reports.mkdir(parents=True)
    output.mkdir(parents=True)
    (reports / "summary.json").write_text(json.dumps(one.summary))
    (reports / "history.json").write_text(json.dumps(one.history))
    jsonl.write(output / "predictions.jsonl", one.predictions)
    key = store.short_hash(one.base_predictions)
    base = root / place / "07_model_output/base" / key
    base.mkdir(parents=True, exist_ok=True)
    jsonl.write(base / "predictions.jsonl", one.base_predictions)
    scores = BaseScores(
        path=base,
        sha256=key,
        base_sha256=one.summary["base_model"]["sha256"],
        data_sha256=one.summary["data"]["sha256"],
        rendering={},
        evaluation={},
    )
    inputs = {"base_scores": json.loads(dump(scores, reports))}
    (reports / "inputs.json").write_text(json.dumps(inputs))
    return reports


def share(scores):
    return statistics.fmean(map(float, scores))


def repeated(**recipes):
    """A run for each list of scores, with the seeds 0, 1, ..."""
    return [
        run(recipe, scores, seed=seed)
        for recipe, of_seeds in recipes.items()
        for seed, scores in enumerate(of_seeds)
    ]


def between(tested, a, b):
    """The pair of two rows, as a - b."""
    every = {(one.a, one.b): one for one in [*tested, *map(turned, tested)]}
    return every[a, b]
