import hashlib
import json
import random
import re
from collections import Counter
from datetime import date
from importlib import import_module
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftline.tool_calls import REFUSAL, generate, reading, score, wording
from peftline.tool_calls.catalogue import catalogue
from peftline.tool_calls.drawn import SPLITS
from peftline.tool_calls.generate import LISTED
from peftline.tool_calls.moments import MONTHS, Clock, Date, Minutes
from peftline.tool_calls.values import WORDS, Choice, Decimal, Whole

SIGNATURE = re.compile(r"(?P<description>.+?): (?P<call>{.+})")
FROZEN = "0f3c237cc183519e68801b31a98a64a70a1567a9705718f83f10b0632ecdf795"
FIELDS = "id split group domain kind details instruction input output".split()


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


def effective_groups(rows):
    """Effective number of groups: (sum n)^2 / sum n^2."""
    sizes = Counter(row["group"] for row in rows).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def tools_of(row):
    """The tools that a row needs or offers."""
    return {*listed(row), *row["group"].split("+")}


@pytest.fixture(scope="module")
def rows():
    return generate(2500, 500, 1500, seed=42)


@pytest.fixture(scope="module")
def default_rows():
    """The sizes and the seed of conf/base."""
    return generate(800, 48, 200, seed=42)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_200_test_rows_lie_in_many_small_groups_of_like_size(seed):
    rows = generate(0, 0, 200, seed)
    sizes = Counter(row["group"] for row in rows)
    assert len(sizes) >= 80
    assert max(sizes.values()) <= 4
    assert effective_groups(rows) >= 70


def test_groups_of_the_test_rows_share_no_tool_not_even_one_that_is_only_on_offer():
    tools = {}
    for row in generate(0, 0, 500, seed=42):
        tools.setdefault(row["group"], set()).update(tools_of(row))
    names = [name for needed in tools.values() for name in needed]
    assert len(tools) == 93
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_tools_of_two_calls_are_needed_nowhere_else(rows, split):
    pairs, others = set(), set()
    for row in of(rows, split):
        (pairs if row["kind"] == "two_calls" else others).update(row["group"].split("+"))
    assert pairs and not pairs & others


def test_48_validation_rows_lie_in_at_least_25_groups():
    rows = generate(0, 48, 0, seed=42)
    assert len({row["group"] for row in rows}) >= 25


def test_more_rows_are_spread_evenly_over_the_groups():
    for count, most in ((200, 4), (500, 7), (1000, 13)):
        sizes = Counter(row["group"] for row in generate(0, 0, count, seed=42))
        assert max(sizes.values()) <= most


def test_training_has_many_tools_and_every_domain(default_rows):
    train = [row for row in of(default_rows, "train") if row["kind"] == "single"]
    assert len({row["group"] for row in train}) >= 85
    domains = [{row["domain"] for row in of(default_rows, split)} for split in SPLITS]
    assert len(domains[0]) == 18 and domains[1] | domains[2] <= domains[0]


def test_splits_share_no_frame_and_no_join():
    def words(pattern):
        return re.sub(r"[^\w{} ]", "", pattern).casefold()

    for one, other in combinations(SPLITS, 2):
        for frames in (wording.COMMANDS, wording.QUESTIONS):
            assert not set(frames[one]) & set(frames[other])
        for joins in (wording.JOINS, wording.PAIRS):
            assert not set(map(words, joins[one])) & set(map(words, joins[other]))


def test_rows_of_two_splits_share_no_tool_and_no_free_text(rows):
    names, texts = [], []
    for split in SPLITS:
        own = of(rows, split)
        names.append(set().union(*map(tools_of, own)))
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
            assert sorted(call["name"] for call in calls(row)) == sorted(needed)


def test_two_in_three_refusals_are_small_talk_that_no_prompt_offers(rows):
    talk = {one.name for split in SPLITS for one in catalogue().small_talk.of(split)}
    refusals = [row for row in rows if row["kind"] == "refusal"]
    share = sum(row["group"] in talk for row in refusals) / len(refusals)
    assert share == pytest.approx(2 / 3, abs=0.08)
    assert not talk & {name for row in rows for name in listed(row)}
    for row in rows:
        assert (row["group"] in talk) == (row["domain"] == "small_talk")


def test_the_domain_is_that_of_all_tools_that_are_needed(rows):
    home = {
        tool.name: name
        for name, domain in catalogue().domains.items()
        for split in SPLITS
        for tool in domain.of(split)
    }
    for row in rows:
        if row["domain"] != "small_talk":
            assert {home[name] for name in row["group"].split("+")} == {row["domain"]}


def test_details_are_the_values_that_the_request_states(rows):
    for row in rows:
        values = [v for call in calls(row) for v in call["arguments"].values() if v is not None]
        if row["kind"] != "refusal":
            assert row["details"] == sum(len(v) if isinstance(v, list) else 1 for v in values)
        assert row["details"] >= 1
        assert row["domain"] != "small_talk" or row["details"] == 1
    assert len({row["details"] for row in rows}) >= 6


def plain_forms(kind, value):
    """An own list of how a value of a type may stand in a request."""
    if kind == "YYYY-MM-DD":
        year, month, day = map(int, value.split("-"))
        ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        name = MONTHS[month - 1]
        return {value, f"{day} {name} {year}", f"{name} {day}, {year}", f"{day}{ending} of {name}"}
    if kind in {"integer", "number"}:
        whole, half = int(value), value % 1
        number = f"{value:g}"
        word = WORDS[whole] if whole < len(WORDS) else number
        lengths = {30: {"half an hour"}, 60: {"an hour"}, 90: {"an hour and a half"}}
        lengths |= {120: {"two hours"}, 12: {"a dozen"}}
        return {number, f"{word} and a half" if half else word} | lengths.get(value, set())
    return {value} if isinstance(value, str) else set(value)


def test_every_value_of_an_answer_is_said_in_the_request(rows):
    sources = {
        (tool.name, parameter.name): parameter.source
        for domain in catalogue().domains.values()
        for split in SPLITS
        for tool in domain.of(split)
        for parameter in tool.parameters
    }
    seen = set()
    for row in rows:
        signatures, text = listed(row), row["input"].casefold()
        for call in calls(row):
            for name, value in call["arguments"].items():
                kind, source = signatures[call["name"]][name][0], sources[call["name"], name]
                if value is None:
                    continue
                if isinstance(source, Choice):
                    assert any(words.casefold() in text for words in source.choice[value])
                elif kind == "HH:MM":
                    found = [pattern.search(row["input"]) for pattern in reading.TIMES]
                    assert value in {reading.read_time(one) for one in found if one}
                else:
                    forms = {form.casefold() for form in plain_forms(kind, value)}
                    check = all if kind == "list" else any
                    assert check(form in text for form in forms), (row["id"], name)
                seen.add(type(source).__name__)
    assert len(seen) == 11, "every source was met"


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
        assert list(row) == FIELDS
        assert isinstance(row["details"], int)
        assert all(isinstance(row[name], str) and row[name] for name in FIELDS if name != "details")


def test_the_data_are_frozen(default_rows):
    digest = hashlib.sha256(json.dumps(default_rows, ensure_ascii=False).encode()).hexdigest()
    assert digest == FROZEN, (
        "The built-in data changed. No score on them can be compared with one from before: measure "
        "README and docs/results.md anew, state it in the changelog, then update FROZEN."
    )


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


def same_row(rng, split, kind, group):
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

    for source in (Whole(whole=(2, 40)), Decimal(decimal=(2, 40))):
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
