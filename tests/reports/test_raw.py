import csv
import dataclasses
import io
import json
from pathlib import Path

from peftline.comparison.compare import compare
from peftline.comparison.runs import Runs
from peftline.reports import raw
from tests.comparison.invented import base_answers, run
from tests.reports.comparisons import BAD, CLOSE, GOOD


def files_of(*runs):
    return raw.files(runs, compare(Runs(Path("data"), list(runs), [])))


def test_each_run_has_its_summary_and_each_seed_of_each_row_a_column_of_scores():
    base = base_answers(zero_shot=[0] * len(GOOD))
    runs = [run("lora", GOOD, seed=1, base=base), run("lora", BAD, seed=2), run("ia3", CLOSE)]
    files = files_of(*runs)
    names = ["lora-seed-1", "lora-seed-2", "ia3-seed-42"]
    assert sorted(files) == sorted([*(f"{name}.json" for name in names), raw.SCORES])
    assert json.loads(files["ia3-seed-42.json"]) == runs[2].summary
    table = list(csv.DictReader(io.StringIO(files[raw.SCORES])))
    columns = [*names, "base (zero-shot)"]
    assert set(table[0]) == {"exact_match of", *columns}
    for name, scores in zip(columns, (GOOD, BAD, CLOSE, [0] * len(GOOD)), strict=True):
        assert [float(line[name]) for line in table] == scores


def test_scores_are_written_in_full():
    (told,) = [file for name, file in files_of(run("lora", [1 / 3, 1.0])).items() if "csv" in name]
    assert told.splitlines()[1:] == [f"test-000,{1 / 3!r}", "test-001,1"]


def test_runs_that_were_not_compared_have_a_summary_but_no_scores():
    other = run("ia3", GOOD, base_model={"id": "big", "sha256": "c" * 64}, age=9)
    files = files_of(run("lora", GOOD, seed=1), run("lora", BAD, seed=2), other)
    assert "ia3-seed-42.json" in files and "ia3" not in files[raw.SCORES]


def test_without_answers_there_are_no_scores():
    assert set(files_of(run("lora", []))) == {"lora-seed-42.json"}


def test_points_of_a_sweep_with_equal_recipe_and_seed_do_not_overwrite_each_other():
    points = [
        dataclasses.replace(run("lora", GOOD, varied={"r": r}), folder=f"{hash_}/08_reporting/x")
        for r, hash_ in ((4, "aa"), (8, "bb"))
    ]
    named = {"lora-seed-42-aa.json", "lora-seed-42-bb.json", raw.SCORES}
    assert set(files_of(*points)) == named
