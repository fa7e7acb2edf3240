"""The preflight as a pipeline of its own, and as the gate of every run."""

import html
import json
import re

import pytest

from peftline import hooks
from peftline.errors import PeftlineError
from tests.reports.browser import CHROMIUM, content_width

PREFERENCES = [
    {"prompt": f"Question {at}?", "chosen": f"Good {at}.", "rejected": f"Bad {at}."}
    for at in range(60)
]
PAIRS = [{"question": f"What is {at} + 1?", "answer": str(at + 1)} for at in range(60)]


def read(project, name, experiment):
    folder = project / "data/test/experiments" / experiment / "08_reporting"
    return json.loads((folder / name).read_text())


def page_of(project, experiment):
    return project / "data/test/experiments" / experiment / "08_reporting/preflight.html"


def test_a_look_leaves_a_report_and_a_page_and_trains_nothing(
    empty_project, run, write_rows, monkeypatch
):
    said = []
    monkeypatch.setattr(hooks.logger, "info", lambda text, *values: said.append(text % values))
    source = str(write_rows(PAIRS))
    run(empty_project, "preflight", data={"source": source}, experiment="look")
    report = read(empty_project, "preflight.json", "look")
    assert report["rows"] == {"read": 60, "kept": 60, "dropped": 0, "reasons": {}}
    assert report["format"] == "prompt_completion"
    assert report["recipe"] == "qlora" and 0 < report["supervised_share"] < 1
    assert not list((empty_project / "data/test/experiments/look").rglob("adapter"))
    assert said[0].startswith("60 rows read as prompt_completion: 60 kept, 0 dropped.")
    assert said[1:] == [f"Page: {page_of(empty_project, 'look')}"]


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


EVIL = "<script src=//evil.example/x.js></script>"
ALPACA = [
    {
        "id": f"<b>{at}</b>",
        "instruction": f"{EVIL} Say {at}.\t{'long' * 60}",
        "output": f"<i>{at}</i> is it." if at else " ",
    }
    for at in range(60)
]


@pytest.fixture
def looked_at(empty_project, run, write_rows):
    """The page of a look at rows that try to break it; one is dropped."""
    data = {"source": str(write_rows(ALPACA)), "problems": {"empty_answer": "drop"}}
    run(empty_project, "preflight", data=data, experiment="look")
    return page_of(empty_project, "look")


def test_the_page_of_a_look_shows_what_is_learnt_and_lets_no_data_act(looked_at):
    text = looked_at.read_text(encoding="utf-8")
    assert '<div class="banner clear">No errors, ' in text
    assert '<td>rows.jsonl, row 1</td><td class="reason">empty_answer</td>' in text
    for word in ("http://", "https://", "<script", "<link", "src=", "url(", "<b>", "<i>"):
        assert word not in text, word
    example = text.split("<article>")[1]
    assert "<header>&lt;b&gt;" in example
    tokens = re.findall(r'<span class="t([^"]*)">(.*?)</span>', example, re.DOTALL)
    learnt = html.unescape("".join(text for style, text in tokens if " loss" in style))
    assert re.fullmatch(r"<i>\d+</i> is it\.<\|end\|>", learnt)
    whole = html.unescape("".join(text for _, text in tokens))
    assert f"{EVIL} Say " in whole and "⇥\tlonglong" in whole
    assert ("<|end|>" in whole) and " loss special" in {style for style, _ in tokens}


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_the_page_of_a_look_without_scrolling_sideways(looked_at, width):
    assert content_width(looked_at, width) <= width


def test_a_look_that_stops_early_leaves_no_page_of_the_one_before(empty_project, run, write_rows):
    run(empty_project, "preflight", data={"source": str(write_rows(PAIRS))}, experiment="look")
    page = page_of(empty_project, "look")
    assert page.exists()
    bad = write_rows([*PAIRS, {"question": "And?", "answer": ""}], "bad.jsonl")
    with pytest.raises(PeftlineError, match="empty"):
        run(empty_project, "preflight", data={"source": str(bad)}, experiment="look")
    assert not page.exists()
    assert not page.with_suffix(".json").exists()
