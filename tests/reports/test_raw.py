import csv
import dataclasses
import io
import json

from peftline.reports import raw
from tests.comparison.invented import run
from tests.reports.comparisons import BAD, CLOSE, GOOD


def test_each_run_has_its_summary_and_a_column_of_scores():
    runs = [run("lora", GOOD, seed=1), run("lora", BAD, seed=2), run("ia3", CLOSE)]
    files = raw.files(runs, "exact_match")
    names = ["lora-seed-1", "lora-seed-2", "ia3-seed-42"]
    assert sorted(files) == sorted([*(f"{name}.json" for name in names), raw.SCORES])
    assert json.loads(files["ia3-seed-42.json"]) == runs[2].summary
    table = list(csv.DictReader(io.StringIO(files[raw.SCORES])))
    for name, scores in zip(names, (GOOD, BAD, CLOSE), strict=True):
        assert [float(line[name]) for line in table] == scores
    assert raw.SCORES not in raw.files(runs, None)


def test_points_of_a_sweep_with_equal_recipe_and_seed_do_not_overwrite_each_other():
    points = [
        dataclasses.replace(run("lora", GOOD, varied={"r": r}), folder=f"{hash_}/08_reporting/x")
        for r, hash_ in ((4, "aa"), (8, "bb"))
    ]
    assert set(raw.files(points, None)) == {"lora-seed-42-aa.json", "lora-seed-42-bb.json"}
