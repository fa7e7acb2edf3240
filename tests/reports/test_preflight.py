"""The preflight page: figures in words, and a chart that matches its numbers."""

from html import escape

import pytest

from peftline.reports import preflight
from peftline.reports.preflight import duration, size, visible
from tests.reports.browser import CHROMIUM, content_width


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (3 * 2**20, "3.0 MiB"),
        (2**41, "2,048.0 GiB"),
    ],
)
def test_sizes_are_in_the_largest_unit_that_fits(amount, text):
    assert size(amount) == text


@pytest.mark.parametrize(("seconds", "text"), [(3, "3 s"), (90, "1.5 min"), (7200, "2.0 h")])
def test_durations_are_in_the_unit_people_say(seconds, text):
    assert duration(seconds) == text


def test_line_feeds_and_tabs_are_shown():
    assert visible("a\n\tb") == "a↵\n⇥\tb"


@pytest.fixture
def report():
    """A report with a long word, a long text, an error and rows over the limit."""
    piece = {"text": "word ", "loss": False, "special": False}
    learnt = {"text": "Antwort", "loss": True, "special": False}
    end = {"text": "<|im_end|>", "loss": True, "special": True}
    return {
        "recipe": "lora",
        "seed": 1,
        "format": "alpaca",
        "rows": {"read": 1200, "kept": 1190, "dropped": 10, "reasons": {"duplicate": 10}},
        "dropped": [{"origin": "a.json, row 7", "reason": "duplicate", "detail": "x" * 200}],
        "unread_fields": {"<u>score</u>": 7},
        "near_duplicates": 3,
        "splits": {"train": 900, "validation": 90, "test": 200},
        "contents": {
            "kinds": {"conversation": 900},
            "classes": {"<b>spam</b>": 4},
            "refusal_share": 0.05,
            "answers_per_example": 1.0,
            "examples_with_tools": 0,
        },
        "template": {
            "format": "chat",
            "origin": "own",
            "end_token": "<|im_end|>",
            "end_token_id": 2,
            "pad_token_id": 2,
            "shows_system": True,
            "shows_tools": False,
            "text": "{% for message in messages %}",
        },
        "tokens": {"total": 90_000, "supervised": 30_000},
        "rows_checked": 900,
        "ends_without_loss": [],
        "expects_bos": False,
        "leading_bos": {"0": 900},
        "supervised_share": 0.3333,
        "lengths": {
            "median": 100,
            "p95": 300,
            "longest": 900,
            "suggested_limit": 832,
            "histogram": {"counts": [5, 10, 1], "edges": [0.0, 300.0, 600.0, 900.0]},
        },
        "limit": {"tokens": 512, "too_long": "drop"},
        "not_whole": {"counts": {"dropped": 1}, "rows": []},
        "neutralised": 0,
        "leakage": {"equal": [], "alike": [], "not_compared": {"train": 0, "held_out": 0}},
        "benchmark": None,
        "private": None,
        "training": {
            "step_0_loss": 2.5,
            "trainable_parameters": 4_884_480,
            "total_parameters": 139_000_000,
            "steps": 225,
            "seconds_per_step": 3.5,
            "predicted_seconds": 790.0,
            "predicted_memory_bytes": 3 * 2**30,
            "predicted_disk_bytes": 2**29,
            "free_disk_bytes": 2**35,
        },
        "memory": {
            "scored_on": "unquantized",
            "stages": {"merge": {"bytes": 2**31, "device": "cpu", "device_bytes": 2**34}},
        },
        "examples": [
            {
                "id": "a" * 90,
                "length": 900,
                "supervised": 2,
                "hidden": 300,
                "pieces": [piece] * 80 + [learnt, end],
            }
        ],
        "problems": [
            {"level": "error", "name": "several_bos_tokens", "message": "<i>m</i>", "rows": ["r"]}
        ],
    }


def test_the_chart_marks_what_is_over_the_limit(report):
    chart = preflight._chart(report)
    assert [bar["over"] for bar in chart["bars"]] == [False, False, True]
    assert max(bar["height"] for bar in chart["bars"]) == preflight._HEIGHT
    assert chart["limit"] == pytest.approx(512 / 900 * preflight._WIDTH, abs=0.1)


def test_everything_that_comes_from_data_is_escaped(report):
    html = preflight.page(report)
    for tag in ("<b>spam", "<i>m", "<u>score"):
        assert tag not in html
        assert escape(tag) in html


def test_the_page_needs_nothing_from_elsewhere(report):
    html = preflight.page(report)
    assert "default-src 'none'" in html
    for word in ("http://", "https://", "<script", "<link", "src="):
        assert word not in html, word


def test_rows_that_were_not_compared_are_counted(report):
    assert "not compared" not in preflight.page(report)
    report["leakage"]["not_compared"] = {"train": 980_000, "held_out": 0}
    assert "980,000 training and 0 held-out rows not compared" in preflight.page(report)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_it_without_scrolling_sideways(report, width, tmp_path):
    page = tmp_path / "preflight.html"
    page.write_text(preflight.page(report), encoding="utf-8")
    assert content_width(page, width) <= width
