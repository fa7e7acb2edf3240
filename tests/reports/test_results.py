import json
import re
from pathlib import Path

from peftline.comparison.compare import compare
from peftline.comparison.runs import Runs
from peftline.reports import results
from peftline.sweep.point import Chosen
from peftline.sweep.state import Sweep
from tests.comparison.invented import run
from tests.reports.comparisons import GOOD, invented, with_seeds


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
    assert text.count("yes, of 3, at the edge") == 1


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
    files = results.summaries([one, two])
    assert set(files) == {"lora-seed-1.json", "lora-seed-2.json"}
    assert json.loads(files["lora-seed-1.json"]) == one.summary


def test_points_of_a_sweep_with_equal_recipe_and_seed_do_not_overwrite_each_other():
    import dataclasses

    points = [
        dataclasses.replace(run("lora", GOOD, varied={"r": r}), folder=f"{hash_}/08_reporting/x")
        for r, hash_ in ((4, "aa"), (8, "bb"))
    ]
    assert set(results.summaries(points)) == {"lora-seed-42-aa.json", "lora-seed-42-bb.json"}
