import hashlib
import json
import random
import re
from collections import Counter
from datetime import date
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftline.tool_calls import REFUSAL, generate, pools, score, small_talk, wording
from peftline.tool_calls.asking import FIELD, SEGMENT
from peftline.tool_calls.domains import DOMAINS
from peftline.tool_calls.generate import LISTED
from peftline.tool_calls.moments import Clock, Date, Minutes
from peftline.tool_calls.pools import Pool
from peftline.tool_calls.tools import SPLITS
from peftline.tool_calls.values import Decimal, Listing, Text, Whole

TOOLS = [tool for tools in DOMAINS.values() for tool in tools]
SIGNATURE = re.compile(r"(?P<description>.+?): (?P<call>{.+})")
GOLDEN = "6d6c9eb9dada5f8958ac38f235b27ce272d8266c3347ac066837d5aed34c7c76"


def kind_is(kind, value):
    """An own reading of the types in a signature."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in {"integer", "number"}:
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(
            value, bool
        )
    if kind == "YYYY-MM-DD":
        return date.fromisoformat(value).isoformat() == value
    if kind == "HH:MM":
        return bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value))
    if kind == "list":
        return isinstance(value, list) and value and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and (kind == "string" or value in kind.split("|"))


def listed(row):
    """The tools of a prompt: name -> {parameter: (type, optional)}."""
    tools = {}
    for line in row["instruction"].split("\nTools:\n")[1].split("\n"):
        call = json.loads(SIGNATURE.fullmatch(line)["call"])
        tools[call["name"]] = {
            key: (kind.removesuffix("?"), kind.endswith("?"))
            for key, kind in call["arguments"].items()
        }
    return tools


def calls(row):
    return [] if row["output"] == REFUSAL else json.loads(row["output"])


def free_text(row):
    """All strings of the calls that are neither a date, nor a time, nor one of an enum."""
    signatures, found = listed(row), set()
    for call in calls(row):
        for name, value in call["arguments"].items():
            if signatures[call["name"]][name][0] in {"string", "list"}:
                found |= set(value) if isinstance(value, list) else {value} - {None}
    return found


def of(rows, split):
    return [row for row in rows if row["split"] == split]


@pytest.fixture(scope="module")
def rows():
    return generate(2500, 500, 1500, seed=42)


def test_there_are_enough_tools_in_enough_domains():
    assert len(DOMAINS) >= 12
    assert len({tool.name for tool in TOOLS}) == len(TOOLS) >= 64
    splits = Counter(tool.split for tool in TOOLS)
    assert splits["train"] >= 44 and splits["validation"] >= 8 and splits["test"] >= 14


@pytest.mark.parametrize("tool", [*TOOLS, *small_talk.REQUESTS], ids=lambda tool: tool.name)
def test_phrasings_fit_their_tool(tool):
    names = {parameter.name for parameter in tool.parameters}
    always = {parameter.name for parameter in tool.parameters if not parameter.optional}
    assert 1 <= len(names) <= 4
    assert len(set(tool.phrasings)) >= 5 and len(tool.commands) >= 3
    assert names == set().union(*(FIELD.findall(phrasing) for phrasing in tool.phrasings))
    for phrasing in tool.phrasings:
        assert not phrasing[0].isupper()
        assert set(FIELD.findall(SEGMENT.sub("", phrasing))) == always, phrasing


def test_splits_share_no_frame_and_no_join():
    def words(pattern):
        return re.sub(r"[^\w{} ]", "", pattern).casefold()

    for one, other in combinations(SPLITS, 2):
        for frames in (wording.COMMANDS, wording.QUESTIONS):
            assert not set(frames[one]) & set(frames[other])
        for joins in (wording.JOINS, wording.PAIRS):
            assert not set(map(words, joins[one])) & set(map(words, joins[other]))


def test_splits_share_no_pool_value():
    files = [path.stem for path in Path(pools.__file__).parent.glob("*.py")]
    modules = [getattr(pools, name) for name in files if name != "__init__"]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Pool)]
    assert len(found) >= 25
    for pool in found:
        everything = [value for split in SPLITS for value in pool.of(split)]
        assert len(set(everything)) == len(everything)
    values = [{value.casefold() for pool in found for value in pool.of(split)} for split in SPLITS]
    for one, other in combinations(values, 2):
        assert not one & other


def test_tools_draw_from_pools_that_have_values_for_their_split():
    for tool in TOOLS:
        for parameter in tool.parameters:
            if isinstance(parameter.source, Text | Listing):
                assert len(parameter.source.pool.of(tool.split)) >= 8, (tool.name, parameter.name)


def test_listed_values_can_be_told_apart():
    for tool in TOOLS:
        for parameter in tool.parameters:
            if isinstance(parameter.source, Listing):
                for value in parameter.source.pool.of(tool.split):
                    assert " and " not in value and "," not in value


def test_rows_of_two_splits_share_no_tool_and_no_free_text(rows):
    names, texts = [], []
    for split in SPLITS:
        own = of(rows, split)
        names.append({name for row in own for name in (*listed(row), *row["group"].split("+"))})
        texts.append(set().union(*map(free_text, own)))
    for sets in (names, texts):
        for one, other in combinations(sets, 2):
            assert one and other and not one & other


def test_every_request_has_a_frame_of_its_split(rows):
    def regex(pattern):
        parts = re.split(r"\{\w+\}", pattern)
        return re.compile("(.+)".join(map(re.escape, parts)))

    for split in SPLITS:
        tables = (wording.COMMANDS, wording.QUESTIONS, wording.PAIRS)
        frames = [regex(pattern) for table in tables for pattern in table[split]]
        for row in of(rows, split):
            assert any(frame.fullmatch(row["input"]) for frame in frames), row["input"]


def test_references_obey_the_signatures_in_the_prompt(rows):
    for row in rows:
        signatures = listed(row)
        for call in calls(row):
            assert list(call) == ["name", "arguments"]
            parameters, arguments = signatures[call["name"]], call["arguments"]
            assert list(arguments) == list(parameters)
            for name, value in arguments.items():
                kind, optional = parameters[name]
                assert (optional and value is None) or kind_is(kind, value), (row["id"], name)


def test_free_text_is_copied_from_the_request(rows):
    for row in rows:
        for text in free_text(row):
            assert text in row["input"], row["id"]


def test_kinds_have_the_form_that_they_name(rows):
    for row in rows:
        names, needed = set(listed(row)), row["group"].split("+")
        assert len(needed) * (row["kind"] == "two_calls") <= len(names) <= max(LISTED)
        assert len(set(needed)) == len(needed) == (2 if row["kind"] == "two_calls" else 1)
        if row["kind"] == "refusal":
            assert row["output"] == REFUSAL and not names & set(needed)
        else:
            assert [call["name"] for call in calls(row)] == needed


def test_two_in_three_refusals_are_small_talk_that_no_prompt_offers(rows):
    talk = {one.name: one.split for one in small_talk.REQUESTS}
    refusals = [row for row in rows if row["kind"] == "refusal"]
    assert all(talk.get(row["group"], row["split"]) == row["split"] for row in refusals)
    share = sum(row["group"] in talk for row in refusals) / len(refusals)
    assert share == pytest.approx(2 / 3, abs=0.08)
    assert not talk.keys() & {name for row in rows for name in listed(row)}


@pytest.mark.parametrize("split", SPLITS)
def test_shares_of_the_kinds(rows, split):
    own = of(rows, split)
    shares = {kind: count / len(own) for kind, count in Counter(r["kind"] for r in own).items()}
    assert shares == pytest.approx({"single": 0.76, "two_calls": 0.1, "refusal": 0.14}, abs=0.01)


def test_requests_read_as_sentences(rows):
    for row in rows:
        text = row["input"]
        assert text == text.strip() and not re.search(r"  | [,.?!]|[\[\]{}]", text), text


def test_references_score_full_marks(rows):
    for row in rows:
        assert score(row["output"], row["output"])["exact_match"]


def test_rows_are_distinct_strings_with_distinct_ids(rows):
    assert len({(row["instruction"], row["input"]) for row in rows}) == len(rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert list(row) == ["id", "split", "group", "kind", "instruction", "input", "output"]
        assert all(isinstance(value, str) and value for value in row.values())


def test_the_same_seed_gives_the_same_rows_for_ever():
    rows = generate(30, 10, 10, seed=42)
    digest = hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()
    assert digest == GOLDEN, "The data set changed: state so in the changelog, then update GOLDEN."


def test_another_seed_gives_other_rows():
    inputs = [{row["input"] for row in generate(50, 0, 0, seed=seed)} for seed in (1, 2)]
    assert len(inputs[0] & inputs[1]) < 5


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 20), st.integers(0, 99))
def test_a_smaller_request_is_the_beginning_of_a_larger_one(train, validation, test, seed):
    small, large = generate(train, validation, test, seed), generate(70, 25, 30, seed)
    for split, count in zip(SPLITS, (train, validation, test), strict=True):
        assert of(small, split) == of(large, split)[:count]


def test_many_rows_can_be_made():
    assert len(generate(20_000, 0, 0, seed=3)) == 20_000


def test_too_many_rows_are_refused(monkeypatch):
    module = import_module("peftline.tool_calls.generate")
    monkeypatch.setattr(module, "draw_row", same_row)
    with pytest.raises(ValueError, match="test: only 1 different rows were found, 5 were asked"):
        generate(0, 0, 5, seed=1)


def same_row(rng, split, kind):
    return {"instruction": "the same", "input": "always"}


def test_a_negative_number_of_rows_is_refused():
    with pytest.raises(ValueError, match="validation: -1 rows"):
        generate(1, -1, 1, seed=1)


@given(st.randoms(use_true_random=False))
def test_values_agree_with_their_words(rng: random.Random):
    day = Date().draw(rng, "train")
    year, _, number = map(int, day.value.split("-"))
    assert str(year) in day.text and str(number) in day.text
    assert "/" not in day.text or number > 12

    clock = Clock().draw(rng, "train")
    hour = int(clock.value[:2])
    assert not re.search(r"pm|evening|afternoon", clock.text) or hour >= 12
    assert not re.search(r"am|morning", clock.text) or hour < 12

    for source in (Whole(2, 40), Decimal(2, 40)):
        drawn = source.draw(rng, "train")
        assert drawn.value >= 2
        assert re.match(r"\d", drawn.text) is None or float(drawn.text) == drawn.value
        assert ("half" in drawn.text) <= (drawn.value % 1 == 0.5)
    minutes = Minutes().draw(rng, "train")
    assert minutes.text != "half an hour" or minutes.value == 30


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("quarter to eight in the morning", "07:45"),
        ("quarter past one in the afternoon", "13:15"),
        ("half past nine in the evening", "21:30"),
        ("8:15 pm", "20:15"),
        ("19:00", "19:00"),
        ("11 am", "11:00"),
    ],
)
def test_times_as_people_write_them(text, value):
    rng = random.Random(0)
    assert value in {
        one.value for one in (Clock().draw(rng, "train") for _ in range(9000)) if one.text == text
    }
