import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from peftline.comparison.compare import compare
from peftline.comparison.runs import Runs
from peftline.errors import PeftlineError
from peftline.reports import raw
from peftline.sweep.point import Chosen
from peftline.sweep.state import Sweep
from tests.comparison.invented import base_answers, run
from tests.reports.comparisons import BAD, CLOSE, GOOD


def recorded(*runs, **more):
    return raw.Recorded(Runs(Path("data"), list(runs), [], **more), "2026-01-02", "two cores")


def files_of(*runs, **more):
    left = recorded(*runs, **more)
    return raw.files(left, compare(left.runs))


def written(folder, files):
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def test_each_run_has_its_summary_and_each_seed_of_each_row_a_column_of_scores():
    base = base_answers(zero_shot=[0] * len(GOOD))
    runs = [run("lora", GOOD, seed=1, base=base), run("lora", BAD, seed=2), run("ia3", CLOSE)]
    files = files_of(*runs)
    names = ["lora-seed-1", "lora-seed-2", "ia3-seed-42"]
    assert sorted(files) == sorted([*(f"{name}.json" for name in names), raw.SCORES, raw.INDEX])
    summary = dict(runs[2].summary)
    del summary["scoring_sha256"]  # of the version that has scored it: read back, it has none
    assert json.loads(files["ia3-seed-42.json"]) == summary
    table = list(csv.DictReader(io.StringIO(files[raw.SCORES])))
    columns = [*names, "base (zero-shot)"]
    assert set(table[0]) == {"exact_match of", "group", *columns}
    for name, scores in zip(columns, (GOOD, BAD, CLOSE, [0] * len(GOOD)), strict=True):
        assert [float(line[name]) for line in table] == scores


def test_scores_are_written_in_full():
    told = files_of(run("lora", [1 / 3, 1.0]))[raw.SCORES]
    assert told.splitlines()[1:] == [f"test-000,test-000,{1 / 3!r}", "test-001,test-001,1"]


def test_runs_that_were_not_compared_have_a_summary_but_no_scores():
    other = run("ia3", GOOD, base_model={"id": "big", "sha256": "c" * 64}, age=9)
    files = files_of(run("lora", GOOD, seed=1), run("lora", BAD, seed=2), other)
    assert "ia3-seed-42.json" in files and "ia3" not in files[raw.SCORES]


def test_without_answers_there_are_no_scores():
    assert set(files_of(run("lora", []))) == {"lora-seed-42.json", raw.INDEX}


def test_points_of_a_sweep_with_equal_recipe_and_seed_do_not_overwrite_each_other():
    points = [
        dataclasses.replace(run("lora", GOOD, varied={"r": r}), folder=f"{hash_}/08_reporting/x")
        for r, hash_ in ((4, "aa"), (8, "bb"))
    ]
    named = {"lora-seed-42-aa.json", "lora-seed-42-bb.json", raw.SCORES, raw.INDEX}
    assert set(files_of(*points)) == named


def test_a_comparison_is_made_again_from_its_files_alone(tmp_path):
    """All but what people read of single answers: rows, tests, costs, sweep, what failed."""
    tools = [f"tool-{at // 2:02}" for at in range(40)]
    base = base_answers(groups=tools, few_shot=BAD, rules=CLOSE)
    rate = {"training.learning_rate": 0.1}
    runs = [
        run("lora", GOOD, seed=1, base=base, groups=tools, varied=rate),
        run("lora", BAD, seed=2, base=base, groups=tools, varied=rate),
        run("ia3", CLOSE, base=base, groups=tools),
    ]
    runs = [dataclasses.replace(one, folder=f"{at}/08_reporting/x") for at, one in enumerate(runs)]
    sweep = Sweep(name="rates", chosen={"lora": Chosen(candidates=3, settings=rate)})
    left = recorded(*runs, sweep=sweep)
    found = compare(left.runs)
    files = raw.files(left, found)
    again = raw.read(written(tmp_path, files))
    assert (again.date, again.machine) == ("2026-01-02", "two cores")
    assert compare(again.runs) == found
    assert found.has_groups and len(found.rows) == 4
    assert raw.files(again, compare(again.runs)) == files


def test_losses_per_token_are_read_back_as_they_count(tmp_path):
    name = "negative_log_likelihood"
    runs = [run(recipe, [2.5, 3.0, 2.0, 1.5] * 5, metric=name) for recipe in ("a", "b")]
    for at, row in enumerate(row for one in runs for row in one.predictions):
        row["scores"]["tokens"] = 1 + at % 7
        row["scores"][name] += at % 3
    for one in runs:
        loss = sum(r["scores"][name] * r["scores"]["tokens"] for r in one.predictions)
        tokens = sum(r["scores"]["tokens"] for r in one.predictions)
        one.summary["metrics"][name]["value"] = loss / tokens
    left = recorded(*runs)
    found = compare(left.runs)
    again = compare(raw.read(written(tmp_path, raw.files(left, found))).runs)
    assert [row.metric for row in again.rows] == [row.metric for row in found.rows]
    assert again.pairs == found.pairs


def test_runs_that_were_not_scored_are_read_back_too(tmp_path):
    left = recorded(run("lora", [], validation_loss=0.5), run("ia3", [], validation_loss=0.3))
    found = compare(left.runs)
    assert compare(raw.read(written(tmp_path, raw.files(left, found))).runs) == found


def test_a_folder_without_its_scores_is_refused(tmp_path):
    left = recorded(run("lora", GOOD))
    written(tmp_path, raw.files(left, compare(left.runs)))
    (tmp_path / raw.SCORES).unlink()
    with pytest.raises(PeftlineError, match="scores.csv"):
        raw.read(tmp_path)


def test_a_folder_without_a_comparison_is_refused_in_words(tmp_path):
    with pytest.raises(PeftlineError, match="holds no comparison .* index.json"):
        raw.read(tmp_path)
