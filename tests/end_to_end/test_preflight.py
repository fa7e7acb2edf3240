"""The preflight as a pipeline of its own, and as the gate of every run."""

import json

import pytest

from peftline.errors import PeftlineError

PREFERENCES = [
    {"prompt": f"Question {at}?", "chosen": f"Good {at}.", "rejected": f"Bad {at}."}
    for at in range(60)
]
PAIRS = [{"question": f"What is {at} + 1?", "answer": str(at + 1)} for at in range(60)]


def read(project, name, experiment):
    folder = project / "data/test/experiments" / experiment / "08_reporting"
    return json.loads((folder / name).read_text())


def test_a_look_leaves_a_report_and_a_page_and_trains_nothing(empty_project, run, write_rows):
    source = str(write_rows(PAIRS))
    run(empty_project, "preflight", data={"source": source}, experiment="look")
    report = read(empty_project, "preflight.json", "look")
    assert report["rows"] == {"read": 60, "kept": 60, "dropped": 0, "reasons": {}}
    assert report["format"] == "prompt_completion"
    assert report["recipe"] == "qlora" and 0 < report["supervised_share"] < 1
    root = empty_project / "data/test/experiments/look"
    assert "<!doctype html>" in (root / "08_reporting/preflight.html").read_text()
    assert not list(root.rglob("adapter"))


def test_a_look_at_another_recipe_and_at_data_for_another_objective(empty_project, run, write_rows):
    source = str(write_rows(PREFERENCES))
    named = {"preflight_recipe": "lora", "experiment": "look"}
    run(empty_project, "preflight", data={"source": source}, **named)
    report = read(empty_project, "preflight.json", "look")
    assert report["recipe"] == "lora" and report["format"] == "preference"
    found = {problem["name"]: problem["level"] for problem in report["problems"]}
    assert found["data_do_not_fit_objective"] == "warning"


def test_a_run_stops_at_the_gate(empty_project, run, write_rows):
    source = str(write_rows(PREFERENCES))
    with pytest.raises(PeftlineError, match="does not learn from .* rows of kind 'preference'"):
        run(empty_project, "lora", data={"source": source}, experiment="wrong")
    report = read(empty_project, "lora/seed-42/preflight.json", "wrong")
    assert report["problems"][0]["level"] == "error"
    assert not list((empty_project / "data/test/experiments/wrong").rglob("adapter"))
