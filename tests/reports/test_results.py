import csv
import io
import json
import re
from pathlib import Path

from peftline.comparison.compare import compare
from peftline.comparison.runs import Runs
from peftline.reports import raw, results
from peftline.sweep.point import Chosen
from peftline.sweep.state import Sweep
from tests.comparison.invented import run
from tests.reports.comparisons import BAD, CLOSE, GOOD, invented, with_seeds


def document(**more):
    found, _ = invented()
    return results.render(found, "kedro results --experiment trial", "2026-01-02", **more)


def test_every_row_and_every_failure_is_in_the_table():
    lines = [line for line in document().splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    assert len({len(row) for row in cells}) == 1
    names = [row[0].strip() for row in cells[2:]]
    assert names[:3] == ["**good**", "**close**", "bad"] and names[4] == "*base (few-shot)*"
    assert names[5] == "vera, seed 7" and "loss is nan" in cells[7][1]
    assert "90.0 % (76.9 to 96.0)" in cells[2][1]


def test_it_says_who_is_better_than_whom_and_what_cannot_be_compared():
    text = document()
    assert "- good and close are better than bad, evil" in text  # together: the same rows
    assert re.search(r"^- bad and evil.* are better than base \(few-shot\)\.$", text, re.MULTILINE)
    assert "adjusted by Holm over 10 pairs" in text
    assert "strange, seed 42: other data" in text
    assert "Minimum detectable difference" in text


def test_it_says_whether_the_best_setting_may_be_beaten_by_one_beyond():
    rate = {"training.learning_rate": 0.1}
    chosen = Chosen(candidates=3, settings=rate, edges=dict.fromkeys(rate, "largest"))
    sweep = Sweep(name="rates", chosen={"lora": chosen})
    runs = Runs(Path("rates"), [run("lora", GOOD, varied=rate), run("ia3", GOOD)], [], sweep)
    text = results.render(compare(runs), "kedro results --experiment rates", "2026-01-02")
    assert text.count("learning_rate=0.1 of 3, at the edge") == 1


def test_it_says_how_far_seeds_move_a_result():
    found, _ = with_seeds()
    text = results.render(found, "kedro results --experiment trial", "2026-01-02")
    spread = f"{100 * found.seed_spread.of_results.observed:.1f} points"
    assert f"Another seed moves a result by {spread}" in text
    assert "from 2 recipes" in text


def test_it_names_date_machine_versions_and_command():
    text = document(machine="2 cores, 8 GiB")
    for told in ("date: 2026-01-02", "machine: 2 cores, 8 GiB", "peft 0.21", "`abc`"):
        assert told in text, told
    assert "Made by `kedro results --experiment trial`" in text
    assert "machine: not stated" in document()


def test_what_people_and_models_write_is_no_markup():
    text = document()
    assert not re.search(r"(?<!\\)<", text)
    assert "\\<img" in text


def test_the_summary_of_each_run_is_a_file_of_its_own():
    one, two = run("lora", GOOD, seed=1), run("lora", GOOD, seed=2)
    files = raw.files([one, two], None)
    assert set(files) == {"lora-seed-1.json", "lora-seed-2.json"}
    assert json.loads(files["lora-seed-1.json"]) == one.summary


def test_points_of_a_sweep_with_equal_recipe_and_seed_do_not_overwrite_each_other():
    import dataclasses

    points = [
        dataclasses.replace(run("lora", GOOD, varied={"r": r}), folder=f"{hash_}/08_reporting/x")
        for r, hash_ in ((4, "aa"), (8, "bb"))
    ]
    assert set(raw.files(points, None)) == {"lora-seed-42-aa.json", "lora-seed-42-bb.json"}


def cells(text, title):
    """The column of a title, by the name of the row."""
    lines = [line for line in text.split("## All rows")[1].splitlines() if line.startswith("|")]
    table = [[one.strip() for one in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    where = table[0].index(title)
    return {row[0].strip("*"): row[where] for row in table[2:] if len(row) == len(table[0])}


def test_each_seed_and_its_value_stand_in_the_row():
    found, _ = with_seeds()
    text = results.render(found, "kedro results --experiment trial", "2026-01-02")
    assert cells(text, "seeds") == {"first": "0, 1, 2", "second": "0, 1, 2", "third": "0"}
    by_seed = cells(text, "by seed")
    assert by_seed["first"] == "90.0, 50.0, 90.0" and by_seed["third"] == "–"


def test_an_adapter_of_a_quantised_base_is_scored_on_that_base_too():
    exact = {"exact_match": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 40}}
    runs = [run("qlora", GOOD, metrics_quantized=exact), run("lora", GOOD)]
    text = results.render(compare(Runs(Path("t"), runs, [])), "kedro results", "2026-01-02")
    assert cells(text, "on the quantised base") == {"qlora": "80.0 %", "lora": "–"}
    assert "on the quantised base" not in document().split("Without a value")[0]


def test_remarks_tell_of_parts_and_of_what_was_found_in_training():
    runs = [run("fusion", GOOD, parts=[{"recipe": "pfeiffer"}]), run("lora", GOOD)]
    text = results.render(compare(Runs(Path("t"), runs, [])), "kedro results", "2026-01-02")
    assert "- fusion: Made of pfeiffer, whose training is not in its cost." in text
    assert "- close, seed 42, plateau: flat" in document()


def test_the_files_behind_the_document_give_the_scores_of_every_example_in_every_run():
    runs = [run("lora", GOOD, seed=1), run("lora", BAD, seed=2), run("ia3", CLOSE)]
    files = raw.files(runs, "exact_match")
    names = ["lora-seed-1", "lora-seed-2", "ia3-seed-42"]
    assert sorted(files) == sorted([*(f"{name}.json" for name in names), raw.SCORES])
    assert json.loads(files["ia3-seed-42.json"]) == runs[2].summary
    table = list(csv.DictReader(io.StringIO(files[raw.SCORES])))
    for name, scores in zip(names, (GOOD, BAD, CLOSE), strict=True):
        assert [float(line[name]) for line in table] == scores
    assert raw.SCORES not in raw.files(runs, None)
