import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline import jsonl
from peftline.corpus.split import SIDES, assign, read_split, split
from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.handles import Examples
from peftline.schema import Data


def example(number, group=None, side=None):
    messages = [
        Message(role="user", content=f"question {number}"),
        Message(role="assistant", content=f"answer {number}"),
    ]
    return Example(id=str(number), group=group or str(number), split=side, messages=messages)


def ids(sides):
    return {side: sorted(row.id for row in rows) for side, rows in sides.items()}


GROUPS = st.lists(st.integers(0, 12), min_size=1, max_size=80)


@given(groups=GROUPS, validation=st.integers(1, 20), test=st.integers(1, 20), seed=st.integers())
def test_no_group_is_on_two_sides_and_no_row_is_lost(groups, validation, test, seed):
    rows = [example(i, f"group {group}") for i, group in enumerate(groups)]
    sides = assign(rows, validation, test, seed)
    found = [{row.group for row in sides[side]} for side in SIDES]
    assert not found[0] & found[1]
    assert not found[0] & found[2]
    assert not found[1] & found[2]
    assert sorted(row.id for side in SIDES for row in sides[side]) == sorted(r.id for r in rows)


@given(groups=GROUPS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(groups, order):
    rows = [example(i, f"group {group}") for i, group in enumerate(groups)]
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert ids(assign(rows, 5, 10, 42)) == ids(assign(shuffled, 5, 10, 42))


def test_equal_seeds_give_equal_splits_and_others_differ():
    rows = [example(i) for i in range(200)]
    assert ids(assign(rows, 10, 20, 42)) == ids(assign(rows, 10, 20, 42))
    assert ids(assign(rows, 10, 20, 42)) != ids(assign(rows, 10, 20, 43))


def test_enough_data_give_the_sizes_asked_for():
    sides = assign([example(i) for i in range(400)], 20, 50, 42)
    assert {side: len(rows) for side, rows in sides.items()} == {
        "train": 330,
        "validation": 20,
        "test": 50,
    }


def test_of_few_data_training_keeps_the_most(caplog):
    sides = assign([example(i) for i in range(40)], 60, 240, 42)
    assert {side: len(rows) for side, rows in sides.items()} == {
        "train": 26,
        "validation": 4,
        "test": 10,
    }
    assert "Test split: 10 rows instead of 240" in caplog.text


def test_a_group_that_is_too_large_for_the_test_split_goes_to_training():
    rows = [example(i, "large") for i in range(50)] + [example(i) for i in range(50, 100)]
    sides = assign(rows, 10, 20, 42)
    assert sum(row.group == "large" for row in sides["train"]) == 50
    assert len(sides["test"]) == 20
    assert len(sides["validation"]) == 10


def test_groups_are_held_out_as_a_whole():
    sides = assign([example(i, f"group {i // 4}") for i in range(200)], 8, 20, 42)
    assert {side: len(rows) for side, rows in sides.items()} == {
        "train": 172,
        "validation": 8,
        "test": 20,
    }
    assert len({row.group for row in sides["test"]}) == 5


def test_sides_that_the_source_has_set_are_kept():
    rows = [example(i, side=side) for i, side in enumerate(SIDES * 3)]
    random.Random(0).shuffle(rows)
    sides = assign(rows, 1, 1, 42)
    for side in SIDES:
        assert [row.split for row in sides[side]] == [side] * 3


def test_new_rows_leave_the_others_mostly_where_they_were():
    before = assign([example(i) for i in range(400)], 40, 100, 42)
    after = assign([example(i) for i in range(404)], 40, 100, 42)
    stayed = {row.id for row in before["test"]} & {row.id for row in after["test"]}
    assert len(stayed) >= 96


@pytest.fixture
def examples(tmp_path):
    def make(count):
        folder = tmp_path / f"examples-{count}"
        folder.mkdir()
        jsonl.write(folder / "examples.jsonl", (example(i).model_dump() for i in range(count)))
        return Examples(
            path=folder,
            sha256=f"hash of {count}",
            format="alpaca",
            rows_read=count,
            rows_kept=count,
            rows_dropped=0,
        )

    return make


def settings(**changes):
    return Data(**{"train_rows": 1, "validation_rows": 3, "test_rows": 5, **changes})


def test_the_sides_are_stored_and_read_back(examples, tmp_path):
    splits = split(examples(40), settings(), tmp_path)
    assert (splits.train, splits.validation, splits.test) == (32, 3, 5)
    read = {side: read_split(splits, side) for side in SIDES}
    assert ids(read) == ids(assign([example(i) for i in range(40)], 3, 5, 42))


@pytest.mark.parametrize("change", [{"seed": 1}, {"test_rows": 6}, {"validation_rows": 2}])
def test_the_settings_of_the_split_are_part_of_its_key(examples, tmp_path, change):
    rows = examples(40)
    first = split(rows, settings(), tmp_path)
    other = split(rows, settings(**change), tmp_path)
    assert other.path != first.path
    assert other.sha256 != first.sha256
    assert split(rows, settings(), tmp_path) == first


def test_too_few_examples_are_refused_with_the_numbers(examples, tmp_path):
    with pytest.raises(PeftlineError) as caught:
        split(examples(5), settings(), tmp_path)
    assert "5 examples in 5 groups are too few" in str(caught.value)
    assert "validation" in str(caught.value)


def test_rows_without_a_side_follow_the_rest_of_their_group(make_example):
    rows = [make_example(question=str(i), id=str(i), group="g") for i in range(3)]
    rows[0] = rows[0].model_copy(update={"split": "test"})
    rows += [make_example(question=f"other {i}", id=f"o{i}") for i in range(20)]
    sides = assign(rows, validation_rows=2, test_rows=2, seed=0)
    assert [row.id for row in sides["test"] if row.group == "g"] == ["0", "1", "2"]
