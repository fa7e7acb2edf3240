"""What is common to all formats: detection, columns, ids, groups, sides, hashes."""

import pytest

from peftline import formats

PAIR = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
ALPACA = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("alpaca", ALPACA),
        ("messages", {"messages": PAIR, "prompt": "Hi", "prompt_id": "7"}),
        ("sharegpt", {"conversations": [], "tools": "[]"}),
        ("prompt_completion", {"prompt": "Hi", "completion": "Ho"}),
        ("prompt_completion", {"prompt": "Hi", "response": "Ho"}),
        ("prompt_completion", {"question": "Hi", "answer": "Ho"}),
        ("prompt_completion", {"query": "Hi", "response": "Ho"}),
        ("prompt_completion", {"input": "Hi", "output": "Ho"}),
        ("prompt_completion", {"system_prompt": "", "question": "Hi", "response": "Ho"}),
        ("text", {"text": "Once upon a time.", "url": "x"}),
        ("preference", {"prompt": "Hi", "chosen": "Ho", "rejected": "No"}),
        ("preference", {"prompt": "Hi", "chosen": PAIR, "rejected": PAIR, "messages": PAIR}),
        ("preference", {"conversations": [], "chosen": {}, "rejected": {}}),
        ("preference", {"instruction": "a", "input": "", "chosen": "b", "rejected": "c"}),
        ("kto", {"messages": PAIR, "label": True}),
        ("kto", {"prompt": "Hi", "completion": "Ho", "label": "False"}),
        ("kto", {"conversations": [], "kto_tag": False}),
        ("kto", ALPACA | {"kto_tag": True}),
        ("kto", {"prompt": "Hi", "completion": "Ho", "label": 0.0}),
        ("kto", {"prompt": "Hi", "completion": "Ho", "label": "bad"}),
        ("kto", {"prompt": "Hi", "completion": "Ho", "label": None, "kto_tag": False}),
        ("prompt_completion", {"prompt": "Hi", "completion": "Ho", "label": None}),
        ("prompt_completion", {"prompt": "Hi", "completion": "Ho", "label": ""}),
        ("preference", {"prompt": "Hi", "completion": "Ho", "rejected": "No"}),
        ("prompt_completion", {"prompt": "Hi", "completion": "Ho", "rejected": None}),
        ("classification", {"text": "Good film.", "label": "positive"}),
        ("classification", {"text": "Good film.", "label": 1}),
    ],
)
def test_the_format_is_known_by_the_fields(name, row):
    assert formats.detect(row) == name


@pytest.mark.parametrize("row", [None, [], [ALPACA], "text", 3, {}, {"id": 1}, {"prompt": "Hi"}])
def test_what_has_no_format_is_not_guessed(row):
    assert formats.detect(row) is None


@pytest.mark.parametrize(
    ("row", "name", "found"),
    [
        ({"prompt": "Hi", "completion": "Ho", "label": False}, "prompt_completion", "kto"),
        (ALPACA | {"chosen": "a", "rejected": "b"}, "alpaca", "preference"),
        ({"text": "Hi", "label": "x"}, "text", "classification"),
        ({"prompt": "Hi", "completion": "Ho"}, "prompt_completion", None),
        ({"prompt": "Hi", "completion": "Ho"}, "kto", None),
        ({"messages": PAIR, "text": "Hi"}, "messages", None),
    ],
)
def test_a_row_that_asks_for_more_than_its_format_reads_is_known(row, name, found):
    assert formats.stronger(row, name) == found


@pytest.mark.parametrize("name", formats.FORMATS)
@pytest.mark.parametrize("row", [None, ["Add.", "4"], "Add.", 3])
def test_a_row_that_is_no_object_is_a_problem_in_every_format(problem, name, row):
    assert problem(row, name) == ("wrong_type", f"found {type(row).__name__}, not an object")


@pytest.mark.parametrize("name", formats.FORMATS)
def test_an_empty_row_misses_a_field_in_every_format(problem, name):
    kind, message = problem({}, name)
    assert kind == "missing_field"
    assert any(f"'{field}'" in message for field in formats.FORMATS[name].FIELDS)


def test_columns_rename_what_the_file_calls_otherwise():
    row = {"task": "Add.", "reply": "4", "output": "unrelated", "note": "x"}
    renamed = formats.rename(row, {"instruction": "task", "output": "reply", "input": "absent"})
    assert renamed == {"instruction": "Add.", "output": "4", "note": "x"}


def test_columns_can_be_exchanged():
    row = {"instruction": "4", "output": "Add."}
    columns = {"instruction": "output", "output": "instruction"}
    assert formats.rename(row, columns) == {"instruction": "Add.", "output": "4"}


def test_identity_depends_on_what_is_taught_and_nothing_else(read):
    first = read(ALPACA)
    assert read(ALPACA | {"comment": "x"}).id == first.id
    for field in ALPACA:
        assert read(ALPACA | {field: "other"}).id != first.id


def test_id_group_and_split_of_the_source_are_kept(read):
    example = read(ALPACA | {"id": 17, "group": "sums", "split": "test"})
    assert (example.id, example.group, example.split) == ("17", "sums", "test")
    plain = read(ALPACA)
    assert plain.group == read(ALPACA | {"output": "Another answer."}).group
    assert plain.group != read(ALPACA | {"instruction": "Another prompt."}).group
    assert plain.split is None


def test_a_group_may_have_the_number_zero(read):
    zero = [read(ALPACA | {"input": text, "group": 0, "id": 0}) for text in "ab"]
    assert [row.group for row in zero] == ["0", "0"]
    assert [row.id for row in zero] == ["0", "0"]


def test_the_group_may_stand_in_another_field(read):
    example = read(ALPACA | {"document": "d7", "group": "no"}, group_key="document")
    assert example.group == "d7"


def test_a_side_that_does_not_exist_is_a_problem(problem, read):
    kind, message = problem(ALPACA | {"split": "dev"})
    assert (kind, message) == (
        "wrong_type",
        "field 'split' is 'dev', not one of train, validation, test",
    )
    assert read(ALPACA | {"split": ""}).split is None


def test_the_content_hash_covers_turns_tools_rejected_answer_and_label(read):
    rows = [
        {"messages": PAIR},
        {"messages": [*PAIR, *PAIR]},
        {"messages": PAIR, "tools": [{"name": "f"}]},
        {"messages": PAIR, "label": True},
        {"messages": PAIR, "label": False},
        {"messages": [PAIR[0], PAIR[1] | {"loss": False}]},
        {"prompt": "Hi", "chosen": "Ho", "rejected": "No"},
        {"prompt": "Hi", "chosen": "Ho", "rejected": "Nay"},
        {"text": "Hi", "label": "1"},
        {"text": "Hi"},
    ]
    assert len({formats.content_hash(read(row)) for row in rows}) == len(rows)


def test_one_content_in_two_formats_has_one_hash(read):
    sharegpt = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}
    rows = [{"messages": PAIR}, sharegpt, {"prompt": "Hi", "completion": "Ho"}]
    assert len({formats.content_hash(read(row)) for row in rows}) == 1


def test_the_origin_is_no_part_of_the_content(read):
    one, two = (read(ALPACA, origin=f"{name}, row 1") for name in ("a.json", "b.json"))
    assert one.origin != two.origin
    assert formats.content_hash(one) == formats.content_hash(two)


def test_half_a_surrogate_pair_can_be_hashed(read):
    assert read(ALPACA | {"output": "\ud83d"}).id != read(ALPACA | {"output": "\ude00"}).id
