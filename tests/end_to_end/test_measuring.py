"""What is measured beside the test split, and what of it can be left out."""

import json

import pytest

from peftline.errors import PeftlineError


def outputs(project, recipe="lora"):
    folder = project / "data/test/07_model_output" / recipe / "seed-42"
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}


def test_a_setting_is_scored_on_validation_without_an_answer_to_the_test_split(empty_project, run):
    nodes = ["lora.train", "lora.validate_answers"]
    run(empty_project, "lora", to_nodes=nodes, evaluation={"validation": True})
    written = outputs(empty_project)
    assert set(written) == {"validation_metrics.json"}
    assert written["validation_metrics.json"]["exact_match"]["n"] == 8
    root = empty_project / "data/test"
    assert not list(root.rglob("predictions.jsonl")) and not list(root.rglob("summary.json"))
    assert list(root.rglob("history.json"))


def test_what_is_not_wanted_is_null(empty_project, run):
    run(empty_project, "lora", evaluation={"forgetting": False, "latency": False, "few_shot": 0})
    file = empty_project / "data/test/08_reporting/lora/seed-42/summary.json"
    summary = json.loads(file.read_text())
    nulls = ["forgetting", "generation", "validation_metrics", "few_shot_draws"]
    assert [summary[name] for name in nulls] == [None] * 4
    assert summary["base_metrics"]["few_shot"] is None


def test_a_text_of_ones_own_takes_the_place_of_the_shipped_one(empty_project, run):
    text = empty_project / "text.txt"
    text.write_text("A first paragraph.\n\nAnd a second one.\n")
    run(
        empty_project,
        "lora",
        to_nodes=["lora.measure_forgetting"],
        evaluation={"general_text": str(text)},
    )
    found = outputs(empty_project)["forgetting.json"]
    assert found["difference"]["n"] == 2
    assert found["tokens"] == len("A first paragraph.") - 1 + len("And a second one.") - 1


def test_a_text_that_is_not_there_is_refused_before_the_training(empty_project, run):
    with pytest.raises(
        PeftlineError, match=r"evaluation.general_text=\S*project/missing.txt: this cannot be read"
    ):
        run(empty_project, "lora", evaluation={"general_text": "missing.txt"})
    assert not list((empty_project / "data/test").rglob("history.json"))
