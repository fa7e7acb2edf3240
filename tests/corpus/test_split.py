import random

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline import jsonl, store
from peftline.corpus import examples as corpus_io
from peftline.corpus.sides import FREE, assign
from peftline.corpus.split import SIDES, iterate, read_split, split
from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.handles import Examples


def sides_of(groups, validation, test, seed=42, given=None):
    """The side of each row, by name; `given` are the sides that the source has set."""
    order = numpy.array([store.number_of([seed, str(group)]) for group in groups], numpy.uint64)
    fixed = [FREE if side is None else SIDES.index(side) for side in given or [None] * len(groups)]
    found = assign(order, numpy.array(fixed, numpy.int8), validation, test)
    return [SIDES[side] for side in found]


def sizes(sides):
    return {side: sides.count(side) for side in SIDES}


def members(sides, side):
    return {at for at, found in enumerate(sides) if found == side}


GROUPS = st.lists(st.integers(0, 12), min_size=1, max_size=80)


@given(groups=GROUPS, validation=st.integers(1, 20), test=st.integers(1, 20), seed=st.integers())
def test_no_group_is_on_two_sides_and_no_row_is_lost(groups, validation, test, seed):
    sides = sides_of(groups, validation, test, seed)
    assert len(sides) == len(groups)
    assert len(set(zip(groups, sides, strict=True))) == len(set(groups))


@given(groups=GROUPS, validation=st.integers(1, 20), test=st.integers(1, 20))
def test_no_side_takes_more_than_its_share(groups, validation, test):
    found = sizes(sides_of(groups, validation, test))
    assert found["test"] <= min(test, len(groups) // 4)
    assert found["validation"] <= min(validation, len(groups) // 10)


@given(groups=GROUPS, given_=st.data())
def test_what_the_source_has_set_stays_and_takes_its_group_along(groups, given_):
    options = {group: given_.draw(st.sampled_from([None, *SIDES])) for group in set(groups)}
    groups, options = [*groups, "free"], options | {"free": None}
    is_set = given_.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups)))
    fixed = [options[g] if one else None for g, one in zip(groups, is_set, strict=True)]
    sides = sides_of(groups, 5, 10, given=fixed)
    for side, wanted in zip(sides, fixed, strict=True):
        assert wanted in (None, side)
    assert len(set(zip(groups, sides, strict=True))) == len(set(groups))


@given(groups=GROUPS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(groups, order):
    before = dict(zip(groups, sides_of(groups, 5, 10), strict=True))
    order.shuffle(groups)
    assert dict(zip(groups, sides_of(groups, 5, 10), strict=True)) == before


def test_equal_seeds_give_equal_splits_and_others_differ():
    assert sides_of(range(200), 10, 20, 42) == sides_of(range(200), 10, 20, 42)
    assert sides_of(range(200), 10, 20, 42) != sides_of(range(200), 10, 20, 43)


def test_enough_data_give_the_sizes_asked_for():
    found = sizes(sides_of(range(400), 20, 50))
    assert found == {"train": 330, "validation": 20, "test": 50}


def test_of_few_data_training_keeps_the_most(caplog):
    found = sizes(sides_of(range(40), 60, 240))
    assert found == {"train": 26, "validation": 4, "test": 10}
    assert "Test split: 10 rows instead of 240" in caplog.text


def test_a_group_that_is_too_large_for_the_test_split_goes_to_training():
    sides = sides_of(["large"] * 50 + list(range(50)), 10, 20)
    assert set(sides[:50]) == {"train"}
    assert sizes(sides) == {"train": 70, "validation": 10, "test": 20}


def test_groups_are_held_out_as_a_whole():
    sides = sides_of([i // 4 for i in range(200)], 8, 20)
    assert sizes(sides) == {"train": 172, "validation": 8, "test": 20}
    assert len({at // 4 for at in members(sides, "test")}) == 5


def test_sides_that_the_source_has_set_are_kept():
    given_ = list(SIDES) * 3
    random.Random(0).shuffle(given_)
    assert sides_of(range(9), 1, 1, given=given_) == given_


def test_rows_that_the_source_has_set_count_towards_the_number_wanted():
    given_ = ["test"] * 50 + ["validation"] * 4 + [None] * 200
    found = sizes(sides_of(range(254), 10, 50, given=given_))
    assert found == {"train": 194, "validation": 10, "test": 50}


def test_more_rows_than_wanted_stay_where_the_source_has_set_them():
    given_ = ["test"] * 80 + [None] * 200
    assert sizes(sides_of(range(280), 10, 50, given=given_))["test"] == 80


@given(groups=GROUPS, given_=st.data())
def test_a_group_on_several_sides_moves_to_the_one_furthest_from_training(groups, given_):
    count = len(groups)
    fixed = given_.draw(st.lists(st.sampled_from([None, *SIDES]), min_size=count, max_size=count))
    groups, fixed = [*groups, "free"], [*fixed, None]
    sides = sides_of(groups, 5, 10, given=fixed)
    for group, side in set(zip(groups, sides, strict=True)):
        own = [one for name, one in zip(groups, fixed, strict=True) if name == group and one]
        assert not own or side == max(own, key=SIDES.index)
    assert len(set(zip(groups, sides, strict=True))) == len(set(groups))


def test_rows_that_are_moved_to_the_rest_of_their_group_are_counted(caplog):
    groups = ["g", "g", "g", *range(20)]
    given_ = ["train", "test", "validation", *[None] * 20]
    assert sides_of(groups, 2, 2, given=given_)[:3] == ["test"] * 3
    assert "Groups on several sides: 2 rows go where the others are held out." in caplog.text


def test_a_side_that_the_source_leaves_out_is_taken_from_its_training_rows():
    given_ = ["train"] * 100 + ["test"] * 10
    sides = sides_of(range(110), 8, 50, given=given_)
    assert sizes(sides) == {"train": 92, "validation": 8, "test": 10}
    assert sides[100:] == ["test"] * 10


def test_new_rows_leave_the_others_mostly_where_they_were():
    before = members(sides_of(range(400), 40, 100), "test")
    after = members(sides_of(range(404), 40, 100), "test")
    assert len(before & after) >= 96


def test_rows_without_a_side_follow_the_rest_of_their_group():
    groups = ["g", "g", "g", *range(20)]
    given_ = ["test", *[None] * 22]
    assert sides_of(groups, 2, 2, 0, given_)[:3] == ["test"] * 3


def example(number, group=None, side=None, origin=""):
    messages = [
        Message(role="user", content=f"question {number}"),
        Message(role="assistant", content=f"answer {number}"),
    ]
    group = group or str(number)
    return Example(id=str(number), group=group, split=side, messages=messages, origin=origin)


@pytest.fixture
def examples(tmp_path):
    """Store examples, as the step before the split does."""

    def make(rows, name="examples"):
        folder = tmp_path / name
        folder.mkdir()
        kept, sha256 = corpus_io.write(folder / "examples.jsonl", rows)
        return Examples(
            path=folder,
            sha256=sha256,
            format="alpaca",
            rows_read=kept,
            rows_kept=kept,
            rows_dropped=0,
            reasons={},
            near_duplicates=0,
        )

    return make


@pytest.fixture
def sized(settings):
    return lambda **changes: settings(**{"validation_rows": 3, "test_rows": 5, **changes})


def test_the_sides_are_stored_and_read_back_in_order(examples, sized, tmp_path):
    rows = [example(i) for i in range(40)]
    splits = split(examples(rows), sized(), tmp_path)
    assert (splits.train, splits.validation, splits.test) == (32, 3, 5)
    assert splits.format == "alpaca"
    expected = sides_of(range(40), 3, 5)
    for side in SIDES:
        assert read_split(splits, side) == [rows[at] for at in sorted(members(expected, side))]
    assert next(iterate(splits, "test")) == read_split(splits, "test")[0]


def test_sides_of_the_source_are_read_from_the_file(examples, sized, tmp_path):
    rows = [example(i, side=SIDES[i % 3]) for i in range(6)]
    splits = split(examples(rows), sized(), tmp_path)
    assert [row.id for row in read_split(splits, "validation")] == ["1", "4"]


@pytest.mark.parametrize("change", [{"seed": 1}, {"test_rows": 6}, {"validation_rows": 2}])
def test_the_settings_of_the_split_are_part_of_its_key(examples, sized, tmp_path, change):
    rows = examples([example(i) for i in range(40)])
    first = split(rows, sized(), tmp_path)
    other = split(rows, sized(**change), tmp_path)
    assert other.path != first.path
    assert other.sha256 != first.sha256
    assert split(rows, sized(), tmp_path) == first


def test_the_hash_does_not_depend_on_the_name_of_the_file(examples, sized, tmp_path):
    one, two = (
        split(
            examples([example(i, origin=f"{name}, row {i}") for i in range(40)], name),
            sized(),
            tmp_path,
        )
        for name in ("a.json", "b.json")
    )
    assert one.sha256 == two.sha256
    assert read_split(two, "test")[0].origin.startswith("b.json, row")


def test_too_few_examples_are_refused_with_the_numbers(examples, sized, tmp_path, nothing_left):
    with pytest.raises(PeftlineError) as caught:
        split(examples([example(i) for i in range(5)]), sized(), tmp_path)
    assert "5 examples in 5 groups are too few: nothing is left for validation" in str(caught.value)
    nothing_left("03_primary")


def test_one_large_group_is_refused_with_what_makes_groups(examples, sized, tmp_path):
    with pytest.raises(PeftlineError) as caught:
        split(examples([example(i, "all") for i in range(50)]), sized(), tmp_path)
    assert "50 examples in 1 groups are too few" in str(caught.value)
    for cause in ("data.group_key", "data.near_duplicates", "field 'split'"):
        assert cause in str(caught.value)


def test_near_duplicates_never_part_where_a_side_is_taken_from_training_rows(
    clean, settings, tmp_path
):
    """Five texts of eight rows each, which differ in one word; the source has no validation."""
    texts = [" ".join(f"{name}{at}" for at in range(60)) for name in "abcde"]
    rows = [
        {"instruction": f"{text} {at}", "output": text, "split": "train"}
        for text in texts
        for at in range(8)
    ]
    rows += [{"instruction": f"Test {at}.", "output": "Yes.", "split": "test"} for at in range(9)]
    singles = [{"instruction": f"Say {at}.", "output": f"{at}", "split": "train"} for at in "vwxyz"]
    found, _, _ = clean([*rows, *singles])
    splits = split(found, settings(validation_rows=4), tmp_path)
    held_out = [row.messages[0].content for row in read_split(splits, "validation")]
    assert held_out and all(text.startswith("Say ") for text in held_out)


def test_from_a_file_to_three_sides_nothing_is_lost(clean, settings, tmp_path):
    rows = [
        {"instruction": f"Add {i} and {i}.", "output": f"{2 * i}", "document": i // 3}
        for i in range(60)
    ]
    config = settings(group_key="document", validation_rows=6, test_rows=9)
    found, kept, _ = clean(rows, group_key="document")
    splits = split(found, config, tmp_path)
    sides = {side: list(jsonl.read(splits.path / f"{side}.jsonl")) for side in SIDES}
    assert {side: len(part) for side, part in sides.items()} == {
        "train": 45,
        "validation": 6,
        "test": 9,
    }
    assert sorted(row["id"] for part in sides.values() for row in part) == sorted(
        row["id"] for row in kept
    )
    groups = [{row["group"] for row in part} for part in sides.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 20
