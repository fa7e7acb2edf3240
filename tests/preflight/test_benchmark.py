"""Rows of a benchmark among those that are trained on: long, short, and in other scripts."""

import json

import pytest

from peftline import jsonl
from peftline.errors import PeftlineError
from peftline.handles import Splits
from peftline.preflight.benchmark import overlap

COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


@pytest.fixture
def compared(tmp_path, make_example):
    """Compare requests with the rows of a benchmark."""

    def compare(questions, rows, answer="Yes."):
        examples = [
            make_example(question, answer).model_copy(update={"origin": str(at)})
            for at, question in enumerate(questions)
        ]
        jsonl.write(tmp_path / "train.jsonl", (example.model_dump() for example in examples))
        benchmark = tmp_path / "benchmark.jsonl"
        benchmark.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        counts = {"train": len(examples), "validation": 0, "test": 0}
        return overlap(Splits(path=tmp_path, sha256="", format="x", **counts), benchmark)

    return compare


def test_thirteen_words_in_a_row_are_found_in_a_longer_text(compared):
    found = compared([f"Count: {COUNT}, and go on", "Count to three."], [{"q": COUNT.upper()}])
    assert found == {"overlapping": ["0"], "rows": 1, "not_compared": 0}


def test_twelve_words_in_a_row_are_chance(compared):
    some = " ".join(COUNT.split()[:12])
    assert compared([f"{some} or more"], [{"q": COUNT}])["overlapping"] == []


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        (
            "How many bones has an adult?",
            "Please answer. How many bones has an adult? Thanks.",
        ),
        ("中国有多少个省份？", "请回答：中国有多少个省份？谢谢。"),
        (
            "小明有十二个苹果，他给了小红三个，又买了五个，现在一共有多少个？",
            "题目：小明有十二个苹果，他给了小红三个，又买了五个，现在一共有多少个？请列式计算。",
        ),
    ],
)
def test_short_rows_and_scripts_without_blanks_are_found(compared, text, longer):
    found = compared([longer, "Where is Rome?", "罗马在哪里？"], [{"q": text, "label": "yes"}])
    assert found == {"overlapping": ["0"], "rows": 1, "not_compared": 0}


def test_short_answers_of_a_long_row_are_not_looked_for(compared):
    rows = [{"q": COUNT, "options": ["All of the above are right.", "Yes."]}]
    assert compared(["Is it so that all of the above are right?"], rows)["overlapping"] == []


def test_rows_that_are_too_short_are_counted(compared):
    found = compared(["Say yes."], [{"q": COUNT}, {"q": "Say yes."}, {"q": None, "at": 3}])
    assert found == {"overlapping": [], "rows": 3, "not_compared": 2}


def test_a_benchmark_of_nothing_but_short_rows_is_refused(compared):
    with pytest.raises(PeftlineError, match="no row has 5 words"):
        compared(["Say yes."], [{"q": "Say yes."}])
