import ast
import json
from pathlib import Path

import pytest

from peftline.tool_calls import REFUSAL, generate, parse, rules, score

PROMPT = """Answer with a call.
Tools:
Get a place on a ship: {"name": "book_ferry", "arguments": {"harbour": "string", "day": \
"YYYY-MM-DD", "cars": "integer?", "at": "HH:MM?"}}
Have a wall painted: {"name": "paint_wall", "arguments": {"room": "string", "colour": \
"white|green?", "litres": "number?"}}
Put things in a bag: {"name": "pack_bag", "arguments": {"items": "list", "waterproof": \
"boolean?"}}"""


def answered(request):
    (found,) = json.loads(rules.answer(PROMPT, request))
    return found["name"], found["arguments"]


def test_the_baseline_is_neither_straw_man_nor_solution(capsys):
    rows = generate(0, 0, 240, seed=42)
    scores = [score(rules.answer(row["instruction"], row["input"]), row["output"]) for row in rows]
    exact = sum(one["exact_match"] for one in scores) / len(scores)
    with capsys.disabled():
        print(f"\nrule baseline on {len(rows)} test rows: exact match {exact:.3f}")
    assert 0.05 < exact < 0.40


def test_every_answer_is_well_formed():
    for row in generate(200, 50, 200, seed=5):
        assert parse(rules.answer(row["instruction"], row["input"])).well_formed, row["input"]


def test_it_knows_no_tool_definitions():
    imported = {
        node.module
        for name in ("rules", "reading")
        for node in ast.walk(ast.parse(Path(rules.__file__).with_stem(name).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    assert not {module for module in imported if module.startswith(("domains", "pools", "asking"))}


@pytest.mark.parametrize(
    ("request_text", "name", "arguments"),
    [
        (
            "Book the ferry from Old Quay on March 3rd, 2026 at half past six in the evening",
            "book_ferry",
            {"harbour": "Old Quay", "day": "2026-03-03", "at": "18:30"},
        ),
        (
            "please book a ferry at Old Quay for three cars on 14/05/2026",
            "book_ferry",
            {"harbour": "Old Quay", "day": "2026-05-14", "cars": 3},
        ),
        (
            "paint the wall green in the kitchen with two and a half litres",
            "paint_wall",
            {"room": "kitchen", "colour": "green", "litres": 2.5},
        ),
        (
            "pack the bag with socks, maps and a torch",
            "pack_bag",
            {"items": ["socks", "maps", "a torch"]},
        ),
    ],
)
def test_plain_requests_are_solved(request_text, name, arguments):
    assert answered(request_text) == (name, arguments)


def test_two_requests_become_two_calls():
    request = 'Paint the wall of "Room 5" white, then pack the bag with socks.'
    assert [call["name"] for call in json.loads(rules.answer(PROMPT, request))] == [
        "paint_wall",
        "pack_bag",
    ]


def test_a_request_without_common_words_is_refused():
    assert rules.answer(PROMPT, "How tall is this tree?") == REFUSAL


def test_an_instruction_without_tools_is_refused():
    assert rules.answer("Say hello.", "Book a ferry.") == REFUSAL
