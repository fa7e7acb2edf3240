"""Comparisons made up for tests of what is written about them."""

from pathlib import Path

from peftline.comparison.compare import compare
from peftline.comparison.result import Comparison
from peftline.comparison.runs import Failure, Runs
from tests.comparison.invented import base_answers, repeated, run

EVIL = "</script><img src=x onerror=document.title='owned'>"
GOOD, CLOSE, BAD = [1] * 36 + [0] * 4, [1] * 35 + [0] * 5, [1, 0] * 20


def with_seeds():
    """Two recipes with three seeds each, whose results differ by far more than chance."""
    runs = repeated(first=(GOOD, BAD, GOOD), second=(BAD, GOOD, CLOSE), third=([0] * 40,))
    found = Runs(Path("trial"), runs, [])
    return Comparison(**compare(found).model_dump(mode="json")), found


def invented():
    """Four recipes, one of them with a hostile name, and something of everything else."""
    finding = {"name": "plateau", "evidence": f"flat {EVIL}", "advice": f"raise {EVIL}"}
    forgot = {"difference": {"value": 0.1, "low": 0.05, "high": 0.15, "n": 20}}
    runs = [
        run("good", GOOD, base=base_answers(few_shot=[0] * 40), forgetting=forgot),
        run("close", CLOSE, train_seconds=30.0, adapter_bytes=9000, health=[finding]),
        run("bad", BAD, adapter_bytes=None, merge=None, settings={"note": EVIL}),
        run(f"evil{EVIL}", BAD, seed=7, train_seconds=700.0),
        run("strange", GOOD, base_model={"id": "big", "sha256": "c" * 64}),
    ]
    runs[0].predictions[39]["prediction"] = EVIL
    for one in runs:
        for field in ("prompt", "reference"):
            one.predictions[0][field] = f"{field} {EVIL}"
    for field in ("prompt", "reference"):
        runs[0].base_predictions[0][field] = f"{field} {EVIL}"
    found = Runs(Path("trial"), runs, [Failure("vera", 7, f"loss is nan {EVIL}")])
    made = compare(found, {"good": f"Low rank {EVIL}"})
    return Comparison(**made.model_dump(mode="json")), found  # as the pipeline's nodes get it
