"""The built-in tools stand as YAML: what a file may say, and what all of them say together."""

import re
import shutil
from itertools import combinations

import pytest

from peftline.errors import PeftlineError
from peftline.tool_calls.catalogue import FOLDER, catalogue, load
from peftline.tool_calls.consistency import LEAST_VALUES
from peftline.tool_calls.drawn import SPLITS
from peftline.tool_calls.tools import FIELD, SEGMENT
from peftline.tool_calls.values import Listing, Text

POOLS = """
fruit:
  train: apple; pear; plum; fig; kiwi; lime; date; nut
  test: mango; peach; grape; melon; lemon; cherry; quince; olive
"""
TOOL = """
train:
  - name: peel_fruit
    does: Peel a fruit
    takes: {fruit: {text: fruit}}
    may_take: {day: date}
    asked: ["peel the {fruit}[ on {day}]", "skin the {fruit}", "strip the {fruit}[ on {day}]"]
"""
TALK = """
train:
  - name: joke
    takes: {fruit: {text: fruit}}
    asked: ["joke about {fruit}", "jest about {fruit}", "pun on {fruit}"]
"""


@pytest.fixture
def folder(tmp_path):
    """A small catalogue without problems."""
    (tmp_path / "pools").mkdir()
    (tmp_path / "domains").mkdir()
    (tmp_path / "pools" / "food.yml").write_text(POOLS)
    (tmp_path / "domains" / "kitchen.yml").write_text(TOOL)
    (tmp_path / "small_talk.yml").write_text(TALK)
    return tmp_path


@pytest.fixture
def problems(folder):
    """The problems after a text in a file was replaced by another."""

    def read(*changes):
        for file, old, new in changes:
            text = (folder / file).read_text()
            assert old in text
            (folder / file).write_text(text.replace(old, new))
        with pytest.raises(PeftlineError) as caught:
            load(folder)
        return str(caught.value)

    return read


def everything(split):
    """All tools of a split, small talk left out."""
    return [tool for domain in catalogue().domains.values() for tool in domain.of(split)]


def test_a_tool_is_what_its_file_says(folder):
    (tool,) = load(folder).domains["kitchen"].train
    assert tool.signature == (
        'Peel a fruit: {"name": "peel_fruit", "arguments": {"fruit": "string", "day": '
        '"YYYY-MM-DD?"}}'
    )


KITCHEN = "domains/kitchen.yml"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (KITCHEN, "day: date", "day: dat", "kitchen.yml, train.peel_fruit.may_take.day: no source"),
        (KITCHEN, "text: fruit", "text: fruits", "there is no pool 'fruits'"),
        (KITCHEN, "{text: fruit}", "{text: fruit, most: 2}", "most: Extra inputs"),
        (KITCHEN, "{text: fruit}", "{whole: [1, 9]}", "two rising numbers, the first at least 2"),
        (KITCHEN, "{text: fruit}", "{choice: {red: in red}}", "each of two or more names"),
        (KITCHEN, "{text: fruit}", "{choice: {red: r, true: y}}", "each of two or more names"),
        (KITCHEN, "{text: fruit}", "{choice: {red: r, blue: ''}}", "each of two or more names"),
        (KITCHEN, '"skin the {fruit}"', '"skin the {friut}"', "friut is no parameter"),
        (KITCHEN, '"skin the {fruit}"', '"skin it"', "'skin it': fruit is required"),
        (KITCHEN, '"skin the {fruit}"', '"skin[ the {fruit}]"', "must stand outside brackets"),
        (KITCHEN, "fruit}[ on {day}]", "fruit} on {day}", "day is optional, and must stand in br"),
        (KITCHEN, "[ on {day}]", "", "no phrasing mentions day"),
        (KITCHEN, '"skin the', '"Skin the', "does not begin with a small letter"),
        (KITCHEN, '"skin the {fruit}"', '"skin the {fruit}?"', "it needs 3 different phrasings"),
        (KITCHEN, "may_take: {day", "may_take: {fruit", "both in takes and in may_take"),
        (KITCHEN, "does: Peel a fruit", "", "train: peel_fruit does not say what it does"),
        (KITCHEN, "does: Peel a fruit", "two_calls: true", "two_calls is true of two tools"),
        (KITCHEN, "does: Peel", "dose: Peel", "train.peel_fruit.dose: Extra inputs"),
        (KITCHEN, "does: Peel a fruit", "does: A\n    does: B", "does stands twice"),
        (KITCHEN, "name: peel_fruit", "name: peelFruit", "String should match pattern"),
        (KITCHEN, "name: peel_fruit", "name: joke", "joke is the name of 2 tools"),
        (KITCHEN, "train:", "validation:", "peel_fruit.fruit: its pool has fewer than 8 values"),
        ("small_talk.yml", "train:", "learn:", "small_talk.yml, learn: Extra inputs"),
        ("pools/food.yml", "mango", "Pear", "pools: 'pear' stands in test and in train"),
        ("pools/food.yml", "mango", "peach", "pools, fruit.test: 'peach' stands twice"),
        ("pools/food.yml", "  test:", "  tset:", "food.yml, fruit.tset: Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(problems, file, old, new, message):
    assert message in problems((file, old, new))


def test_a_text_of_a_list_must_not_look_like_two(problems):
    listed = (KITCHEN, "{text: fruit}", "{list: fruit}")
    found = problems(listed, ("pools/food.yml", "apple;", "salt and fig;"))
    assert "peel_fruit.fruit: 'salt and fig' would look like two" in found


def test_all_problems_of_all_files_come_together(problems):
    found = problems(
        (KITCHEN, "day: date", "day: dat"),
        (KITCHEN, "text: fruit", "text: fruits"),
        ("small_talk.yml", "pun on {fruit}", "pun on {veg}"),
        ("pools/food.yml", "mango", "Pear"),
    )
    assert len(found.splitlines()) == 5, "a line for each, below the folder"


def test_a_missing_file_is_named(folder):
    (folder / "small_talk.yml").unlink()
    with pytest.raises(PeftlineError, match="small_talk.yml: cannot be read"):
        load(folder)


def test_a_tool_that_is_never_needed_is_refused_in_training(problems):
    bare = "core_fruit\n    does: Core\n    takes: {fruit: {text: fruit}}\n  - name: "
    assert "core_fruit has no phrasings" in problems((KITCHEN, "peel_fruit", f"{bare}peel_fruit"))


def test_every_group_gets_a_tool_to_stand_beside(tmp_path):
    copy = shutil.copytree(FOLDER, tmp_path / "copy")
    file = copy / "domains" / "books.yml"
    text = file.read_text()
    file.write_text(text[: text.index("  - name: join_library")])  # and all that follow
    with pytest.raises(PeftlineError, match="fewer than the .* that stand beside others"):
        load(copy)


def test_there_are_enough_tools_in_enough_domains():
    assert 16 <= len(catalogue().domains) <= 20
    for split, needed in (("train", 85), ("validation", 25), ("test", 100)):
        assert sum(bool(tool.asked) for tool in everything(split)) >= needed


def test_tools_differ_in_their_arguments():
    signatures = [
        tuple((parameter.name, parameter.type) for parameter in tool.parameters)
        for split in SPLITS
        for tool in everything(split)
        if tool.asked
    ]
    assert len(set(signatures)) == len(signatures)


@pytest.mark.parametrize("split", SPLITS)
def test_no_two_tools_are_asked_for_in_the_same_words_but_one(split):
    def words(phrasing):
        return re.findall(r"[\w']+", FIELD.sub("", SEGMENT.sub("", phrasing)))

    asked = [tool for tool in everything(split) if tool.asked]
    for one, other in combinations(asked, 2):
        for first in map(words, one.asked):
            for second in map(words, other.asked):
                if len(first) == len(second) >= 4:
                    changed = sum(a != b for a, b in zip(first, second, strict=True))
                    assert changed > 1, (one.name, other.name, first)


def test_free_text_has_several_values_for_each_tool_that_draws_it():
    drawn = [
        (source.text if isinstance(source, Text) else source.list).of(split)
        for split in SPLITS
        for tool in everything(split)
        for source in (parameter.source for parameter in tool.parameters)
        if tool.asked and isinstance(source, Text | Listing)
    ]
    assert len(drawn) > 150 and all(len(values) >= LEAST_VALUES for values in drawn)
