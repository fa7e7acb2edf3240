import re
from pathlib import Path

from peftline.comparison.compare import compare
from peftline.comparison.runs import Runs
from peftline.reports import results
from peftline.sweep.point import Chosen
from peftline.sweep.state import Sweep
from tests.comparison.invented import machine, run
from tests.reports.comparisons import GOOD, invented, with_seeds


def document(**more):
    found, _ = invented()
    return results.render(found, "kedro results --experiment trial", "2026-01-02", **more)


def table(text):
    """The cells of the first table, line by line; that below the titles is left out."""
    first = text.split("## All rows")[1].strip().split("\n\n")[0]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in first.splitlines()]
    return [[cell.strip() for cell in line] for line in (lines[0], *lines[2:])]


def column(text, title):
    """The cells under a title, by the name of the row."""
    titles, *rows = table(text)
    return {row[0].strip("*"): row[titles.index(title)] for row in rows}


def test_every_row_and_every_failure_is_in_the_table():
    cells = table(document())
    assert len({len(row) for row in cells}) == 1
    names = [row[0] for row in cells[1:]]
    assert names[:3] == ["**good**", "**close**", "bad"] and names[4] == "*base (few-shot)*"
    assert names[5] == "vera, seed 7" and "loss is nan" in cells[6][1]
    assert "90.0 % (76.9 to 96.0)" in cells[1][1]


def test_it_says_who_is_better_than_whom_and_what_cannot_be_compared():
    text = document()
    assert "- good and close are better than bad, evil" in text  # together: the same rows
    assert re.search(r"^- bad and evil.* are better than base \(few-shot\)\.$", text, re.MULTILINE)
    assert "adjusted by Holm over 10 pairs" in text
    assert "strange, seed 42: another base model" in text
    assert "Minimum detectable difference" in text


def test_it_says_whether_the_best_setting_may_be_beaten_by_one_beyond():
    rate = {"training.learning_rate": 0.1}
    chosen = Chosen(candidates=3, settings=rate, edges=dict.fromkeys(rate, "largest"))
    sweep = Sweep(name="rates", chosen={"lora": chosen})
    runs = Runs(Path("rates"), [run("lora", GOOD, varied=rate), run("ia3", GOOD)], [], sweep)
    text = results.render(compare(runs), "kedro results --experiment rates", "2026-01-02")
    assert text.count("learning_rate=0.1 of 3, at the edge") == 1


def test_settings_are_told_whether_or_not_they_were_tuned():
    """A ladder may end on a recipe as it stands, or have a single rung, which tunes nothing."""
    rank = {"adapter.rank": 8}
    chosen = {"ia3": Chosen(candidates=6), "lora": Chosen(candidates=1, settings=rank)}
    runs = [run("ia3", GOOD), run("lora", GOOD, varied=rank)]
    found = compare(Runs(Path("steps"), runs, [], Sweep(name="steps", chosen=chosen)))
    text = results.render(found, "kedro results --experiment steps", "2026-01-02")
    assert "| its own of 6 |" in text and "| no; rank=8 |" in text


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


def test_without_words_for_the_machine_it_is_that_of_the_summaries():
    runs = Runs(Path("trial"), [run("good", GOOD, hardware=machine(cores=8))], [])
    text = results.render(compare(runs), "kedro results", "2026-01-02")
    assert "machine: Xeon, 8 cores, 1 thread, float32" in text


def test_what_people_and_models_write_is_no_markup():
    text = document()
    assert not re.search(r"(?<!\\)<", text)
    assert "\\<img" in text


def test_each_seed_and_its_value_stand_in_the_row():
    found, _ = with_seeds()
    text = results.render(found, "kedro results --experiment trial", "2026-01-02")
    assert column(text, "seeds") == {"first": "0, 1, 2", "second": "0, 1, 2", "third": "0"}
    by_seed = column(text, "by seed")
    assert by_seed["first"] == "90.0, 50.0, 90.0" and by_seed["third"] == "–"


def test_an_adapter_of_a_quantised_base_is_scored_on_that_base_too():
    exact = {"exact_match": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 40}}
    runs = [run("qlora", GOOD, metrics_quantized=exact), run("lora", GOOD)]
    text = results.render(compare(Runs(Path("t"), runs, [])), "kedro results", "2026-01-02")
    assert column(text, "on the quantised base") == {"qlora": "80.0 %", "lora": "–"}
    assert "on the quantised base" not in document().split("Without a value")[0]


def test_remarks_tell_of_parts_and_of_what_was_found_in_training():
    runs = [run("fusion", GOOD, parts=[{"recipe": "pfeiffer"}]), run("lora", GOOD)]
    text = results.render(compare(Runs(Path("t"), runs, [])), "kedro results", "2026-01-02")
    assert "- fusion: Made of pfeiffer, whose training is not in its cost." in text
    assert "- close, seed 42, plateau: flat" in document()


def test_it_says_what_groups_change():
    """Twelve rows better, in three groups of four, and ten more in as many groups."""
    tools = [f"tool-{at // 4:02}" for at in range(48)]
    better = [1] * 12 + [0] * 36
    runs = [run("better", better, groups=tools), run("none", [0] * 48, groups=tools)]
    text = results.render(compare(Runs(Path("t"), runs, [])), "kedro results", "2026-01-02")
    assert "200 test" not in text and "examples in 12 groups (12.0 effective)" in text
    changed = text.split("## What groups change")[1]
    assert "call 1 more of the 1 pairs significant" in changed
    assert "- better is better than none." in changed
    assert "1 of them are not testable" in text
    assert "†: no verdict on this value alone (better: hits in 3 groups" in text
    assert column(text, "design effect")["better"] == "4.3"
    assert column(text, "adjusted p")["none"] == "not testable"
    alone = results.render(invented()[0], "kedro results", "2026-01-02")
    assert "What groups change" not in alone and "design effect" not in alone.split("Without")[0]
