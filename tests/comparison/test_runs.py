import json

import pytest

from peftline.comparison.runs import read
from peftline.errors import PeftlineError
from tests.comparison.invented import base_answers, run, save

HITS = [1, 0, 1, 1]


def sweep(root, points, **more):
    root.mkdir(parents=True, exist_ok=True)
    told = {"name": "rates", "selection": "validation_loss", "wall_seconds": 5.0, **more}
    (root / "sweep.json").write_text(json.dumps(told | {"points": points}))


def point(folder, recipe="lora", seed=42, stage="final", status="finished", **more):
    names = {"hash": folder, "folder": folder, "recipe": recipe, "seed": seed, "seconds": None}
    return names | {"stage": stage, "status": status, "settings": {}, "score": None, **more}


def test_runs_directly_under_a_root_are_read(tmp_path):
    for one in (run("lora", HITS), run("lora", HITS, seed=7), run("ia3", HITS)):
        save(one, tmp_path)
    found = read(tmp_path)
    assert [(one.recipe, one.seed) for one in found.runs] == [
        ("ia3", 42),
        ("lora", 42),
        ("lora", 7),
    ]
    assert found.failures == [] and found.sweep is None
    assert [row["scores"]["exact_match"] for row in found.runs[0].predictions] == HITS
    assert found.runs[1].folder == "08_reporting/lora/seed-42"


def test_each_run_has_the_base_answers_that_it_was_compared_with(tmp_path):
    """Whatever base another run of the root was compared with since."""
    bases = {seed: base_answers(zero_shot=[seed] * 4) for seed in (0, 1)}
    for seed, base in bases.items():
        save(run("lora", HITS, seed=seed, base=base), tmp_path)
    assert {one.seed: one.base_predictions for one in read(tmp_path).runs} == bases


def test_the_final_points_of_a_sweep_are_read_with_what_was_varied(tmp_path):
    settings = {"training.learning_rate": 0.002}
    save(run("lora", HITS), tmp_path, "aa")
    save(run("lora", [0] * 4), tmp_path, "bb")  # only chose settings
    points = [point("aa", settings=settings), point("bb", stage="tuning")]
    sweep(tmp_path, points, chosen={"lora": {"settings": settings, "candidates": 3}}, more="new")
    found = read(tmp_path)
    assert [(one.recipe, one.varied, one.folder) for one in found.runs] == [
        ("lora", settings, "aa/08_reporting/lora/seed-42")
    ]
    assert found.sweep.chosen["lora"].candidates == 3


def test_points_without_a_result_are_failures_with_their_errors(tmp_path):
    sweep(
        tmp_path,
        [
            point("aa", status="failed", error="loss is nan"),
            point("bb", recipe="ia3", status="failed", error="killed", stage="tuning"),
            point("cc", recipe="vera", status="waiting"),
            point("dd", recipe="oft"),
        ],
    )
    reasons = {failure.recipe: failure.reason for failure in read(tmp_path).failures}
    assert reasons["lora"] == "loss is nan"
    assert reasons["ia3"] == "while its settings were chosen: killed"
    assert reasons["vera"] == "not run yet"
    assert "no run is there" in reasons["oft"]


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("08_reporting/lora/seed-42/summary.json", "not finished: there is no 08_reporting/lora"),
        ("07_model_output/lora/seed-42/predictions.jsonl", "not whole: there is no 07_model"),
        ("08_reporting/lora/seed-42/inputs.json", "not whole: there is no 08_reporting/lora"),
    ],
)
def test_a_run_with_a_file_missing_is_a_failure_that_names_it(tmp_path, lost, told):
    save(run("lora", HITS), tmp_path)
    (tmp_path / lost).unlink()
    found = read(tmp_path)
    assert found.runs == []
    assert [failure.reason[: len(told)] for failure in found.failures] == [told]


def test_a_file_that_is_cut_off_is_a_failure_and_the_others_are_read(tmp_path):
    reports = save(run("lora", HITS), tmp_path)
    save(run("ia3", HITS), tmp_path)
    (reports / "summary.json").write_text('{"recipe": "lo')
    found = read(tmp_path)
    assert [one.recipe for one in found.runs] == ["ia3"]
    assert "cannot be read" in found.failures[0].reason


def test_where_nothing_is_the_error_says_what_was_looked_for_and_what_to_do(tmp_path):
    (tmp_path / "experiments/other").mkdir(parents=True)
    with pytest.raises(PeftlineError) as error:
        read(tmp_path / "experiments/trial")
    told = str(error.value)
    assert f"Nothing to compare in {tmp_path / 'experiments/trial'}" in told
    assert "08_reporting/<recipe>/seed-<seed>/" in told and "sweep.json" in told
    assert "Experiments that exist: other" in told
    assert "kedro run --pipeline=lora --params=experiment=trial" in told


def test_a_sweep_file_of_another_kind_is_refused_with_the_place(tmp_path):
    sweep(tmp_path, [point("aa", status="lost")])
    with pytest.raises(PeftlineError, match=r"sweep\.json: points\.0\.status: .*'failed'"):
        read(tmp_path)


def test_equal_base_answers_of_many_points_are_kept_once(tmp_path):
    base = base_answers(zero_shot=[0] * 4)
    for folder, seed in (("aa", 1), ("bb", 2)):
        save(run("lora", HITS, seed=seed, base=base), tmp_path, folder)
    sweep(tmp_path, [point("aa", seed=1), point("bb", seed=2)])
    first, second = read(tmp_path).runs
    assert first.base_predictions is second.base_predictions
