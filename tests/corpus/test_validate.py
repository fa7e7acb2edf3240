import pytest

from peftline import jsonl
from peftline.corpus.ingest import ingest
from peftline.corpus.validate import validate
from peftline.errors import PeftlineError
from peftline.schema import Data

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


@pytest.fixture
def check(tmp_path, write_rows):
    """Validate rows; returns examples, kept and dropped rows."""

    def run(rows, **settings):
        source = str(write_rows(rows))
        config = Data(source=source, train_rows=1, validation_rows=1, test_rows=1, **settings)
        examples = validate(ingest(config, tmp_path), config, tmp_path)
        kept = list(jsonl.read(examples.path / "examples.jsonl"))
        dropped = list(jsonl.read(examples.path / "dropped.jsonl"))
        return examples, kept, dropped

    return run


def refused(check, rows, **settings):
    with pytest.raises(PeftlineError) as caught:
        check(rows, **settings)
    return str(caught.value)


def test_sound_rows_are_all_kept(check):
    examples, kept, dropped = check([ROW, ROW | {"input": "3 and 3", "output": "6"}])
    assert examples.format == "alpaca"
    assert (examples.rows_read, examples.rows_kept, examples.rows_dropped) == (2, 2, 0)
    assert [row["messages"][-1]["content"] for row in kept] == ["4", "6"]
    assert dropped == []


def test_exact_duplicates_are_dropped_and_name_what_they_repeat(check):
    examples, kept, dropped = check([ROW, ROW | {"output": "four"}, ROW, ROW])
    assert (examples.rows_read, examples.rows_kept, examples.rows_dropped) == (4, 2, 2)
    assert [(row["row"], row["reason"]) for row in dropped] == [
        (3, f"duplicate of example {kept[0]['id']}"),
        (4, f"duplicate of example {kept[0]['id']}"),
    ]


def test_an_empty_answer_stops_by_default_and_says_how_to_go_on(check):
    rows = [ROW, ROW | {"output": ""}, ROW | {"input": "x"}, ROW | {"output": " \n"}]
    found = refused(check, rows)
    assert found == (
        "rows.jsonl, row 2: the answer is empty. 2 rows have this problem (2, 4). "
        "Set data.empty_answer=drop to leave them out, or fill them in."
    )


def test_empty_answers_are_left_out_and_counted_if_asked(check):
    rows = [ROW, ROW | {"output": ""}, ROW, ROW | {"output": " \n"}]
    examples, kept, dropped = check(rows, empty_answer="drop")
    assert examples.rows_kept + examples.rows_dropped == examples.rows_read == 4
    assert len(kept) == 1
    assert [row["reason"] for row in dropped][::2] == ["empty answer", "empty answer"]


def test_if_nothing_is_left_the_reason_is_named(check):
    found = refused(check, [ROW | {"output": ""}] * 3, empty_answer="drop")
    assert found.startswith("rows.jsonl: no row is left of 3; all were dropped (empty answer).")


def test_an_unknown_format_lists_the_known_ones(check):
    found = refused(check, [{"prompt": "Add.", "completion": "4"}])
    assert found.startswith(
        "rows.jsonl, row 1: the format is not known (found: prompt, completion)."
    )
    assert "alpaca: instruction, output" in found


@pytest.mark.parametrize("value", [["Add.", "4"], "Add.", 3, None])
def test_a_first_row_that_is_no_object_has_no_format(check, value):
    found = refused(check, [value, ROW])
    assert f"found: {type(value).__name__}" in found


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"instruction": "Add."}, "field 'output' is missing"),
        ({"output": "4"}, "field 'instruction' is missing"),
        (ROW | {"output": 4}, "field 'output' is int, not text"),
        (ROW | {"input": [2, 2]}, "field 'input' is list, not text"),
        (["Add.", "4"], "found list, not an object"),
        (None, "found NoneType, not an object"),
    ],
)
def test_a_broken_row_is_named_by_its_number(check, broken, problem):
    found = refused(check, [ROW, broken, ROW | {"input": "x"}])
    assert found == (
        f"rows.jsonl, row 2: {problem}. 1 row has this problem (2). Correct or remove these rows."
    )


def test_different_problems_are_reported_together(check):
    rows = [ROW, {"instruction": "a"}, ROW | {"output": 4}, {"instruction": "b"}]
    lines = refused(check, rows).splitlines()
    assert len(lines) == 2
    assert "2 rows have this problem (2, 4)" in lines[0]
    assert "row 3: field 'output' is int" in lines[1]


def test_broken_rows_are_never_dropped_in_silence(check):
    assert "row 2" in refused(check, [ROW, {"instruction": "a"}], empty_answer="drop")


def test_a_message_lists_ten_rows_at_most(check):
    found = refused(check, [ROW] + [{"instruction": "a"}] * 30)
    assert "30 rows have this problem (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)" in found


def test_an_unknown_split_is_refused_with_the_row(check):
    found = refused(check, [ROW, ROW | {"input": "x", "split": "dev"}])
    assert "rows.jsonl, row 2" in found
    assert "split" in found


def test_the_policy_for_empty_answers_is_part_of_the_key(check):
    rows = [ROW, ROW | {"output": ""}]
    check(rows, empty_answer="drop")
    assert "row 2" in refused(check, rows, empty_answer="raise")


def test_an_id_that_two_different_rows_have_is_refused(check):
    rows = [{"id": "a", "instruction": f"Say {i}", "output": str(i)} for i in (1, 2)]
    with pytest.raises(PeftlineError, match="row 2: the id stands in an earlier row too"):
        check(rows)
