import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline import jsonl
from peftline.corpus.deduplicate import deduplicate
from peftline.corpus.ingest import ingest
from peftline.corpus.validate import validate
from peftline.data_schema import Data, Problems
from peftline.errors import PeftlineError
from peftline.tool_calls import generate

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


@pytest.fixture
def refused(check, nothing_left):
    """The message with which rows are refused."""

    def run(rows, **settings):
        with pytest.raises(PeftlineError) as caught:
            check(rows, **settings)
        nothing_left("02_intermediate")
        return str(caught.value)

    return run


def test_sound_rows_are_all_kept_with_their_origin(check):
    examples, kept, dropped = check([ROW, ROW | {"input": "3 and 3", "output": "6"}])
    assert examples.format == "alpaca"
    assert (examples.rows_read, examples.rows_kept, examples.rows_dropped) == (2, 2, 0)
    assert [row["messages"][-1]["content"] for row in kept] == ["4", "6"]
    assert [row["origin"] for row in kept] == ["rows.jsonl, row 1", "rows.jsonl, row 2"]
    assert dropped == []


def test_an_empty_answer_stops_by_default_and_says_how_to_go_on(refused):
    rows = [ROW, ROW | {"output": ""}, ROW | {"input": "x"}, ROW | {"output": " \n"}]
    assert refused(rows) == (
        "rows.jsonl, row 2: the answer is empty. 2 rows have this problem (2, 4). "
        "Set data.problems.empty_answer=drop to leave them out, or correct them."
    )


def test_rows_are_left_out_listed_and_counted_if_asked(check):
    rows = [ROW, ROW | {"output": ""}, ROW, {"input": "x"}]
    policies = {"empty_answer": "drop", "missing_field": "drop"}
    examples, kept, dropped = check(rows, problems=policies)
    assert (examples.rows_read, examples.rows_kept, examples.rows_dropped) == (4, 2, 2)
    assert examples.reasons == {"empty_answer": 1, "missing_field": 1}
    assert len(kept) == 2
    assert dropped == [
        {"origin": "rows.jsonl, row 2", "reason": "empty_answer", "detail": "the answer is empty"},
        {
            "origin": "rows.jsonl, row 4",
            "reason": "missing_field",
            "detail": "field 'instruction' is missing",
        },
    ]


def test_if_nothing_is_left_the_reasons_are_named(refused):
    rows = [ROW | {"output": ""}] * 3 + [ROW | {"output": 3}]
    found = refused(rows, problems={"empty_answer": "drop", "wrong_type": "drop"})
    assert found.startswith(
        "rows.jsonl: no row is left of 4; all were dropped (empty_answer 3, wrong_type 1)."
    )


def test_different_problems_are_reported_together(refused):
    rows = [ROW, {"instruction": "a"}, ROW | {"output": 4}, {"instruction": "b"}]
    lines = refused(rows).splitlines()
    assert len(lines) == 2
    assert "2 rows have this problem (2, 4)" in lines[0]
    assert "row 3: field 'output' is int" in lines[1]


def test_a_policy_lets_other_problems_stop(refused):
    rows = [ROW, {"instruction": "a"}, ROW | {"output": ""}]
    found = refused(rows, problems={"empty_answer": "drop"})
    assert "row 2" in found
    assert "row 3" not in found


def test_a_message_lists_ten_rows_at_most(refused):
    found = refused([ROW] + [{"instruction": "a"}] * 30)
    assert "30 rows have this problem (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)" in found


def test_very_many_different_problems_do_not_flood_the_screen(refused):
    rows = [{"messages": [{"role": f"r{i}", "content": "a"}]} for i in range(80)]
    lines = refused(rows).splitlines()
    assert len(lines) == 51
    assert "another problem of the kind unknown_role. 30 rows have this problem (51," in lines[-1]


def test_an_unknown_format_lists_the_known_ones(refused):
    found = refused([{"ask": "Add.", "reply": "4"}])
    assert found.startswith("rows.jsonl, row 1: the format is not known (found: ask, reply).")
    assert "alpaca: instruction, output" in found
    assert "data.columns" in found


def test_columns_give_fields_the_names_that_a_format_knows(check):
    columns = {"instruction": "ask", "output": "reply", "id": "key"}
    examples, kept, _ = check([{"ask": "Add.", "reply": "4", "key": 7}], columns=columns)
    assert examples.format == "alpaca"
    assert kept[0]["messages"][1]["content"] == "4"
    assert kept[0]["id"] == "7"


def test_a_column_that_no_row_has_is_refused_with_those_that_exist(refused):
    rows = [{"ask": "Add.", "reply": "4"}, {"ask": "Add.", "reply": "4", "note": "x"}]
    columns = {"instruction": "ask", "output": "reply", "input": "notes"}
    assert refused(rows, columns=columns) == (
        "rows.jsonl: data.columns.input is 'notes', and no row has such a column. Name one of "
        "those that exist: ask, reply, note."
    )


def test_a_column_that_only_a_later_row_has_is_no_problem(check):
    rows = [{"ask": "Add.", "reply": "4"}, {"ask": "Add.", "reply": "4", "note": "x"}]
    columns = {"instruction": "ask", "output": "reply", "input": "note"}
    assert check(rows, columns=columns)[1][1]["messages"][0]["input"] == "x"


def test_a_group_key_that_no_row_has_is_refused(refused):
    assert refused([ROW, ROW | {"document": 1}], group_key="documnet") == (
        "rows.jsonl: data.group_key is 'documnet', and no row has such a field. "
        "Name one of those that exist: instruction, input, output, document."
    )
    assert "data.group_key is 'ask'" in refused(
        [{"ask": "Add.", "output": "4"}], group_key="ask", columns={"instruction": "ask"}
    )


def test_a_group_key_that_only_a_later_row_has_is_no_problem(check):
    rows = [ROW, ROW | {"output": "5", "document": 1}]
    assert check(rows, group_key="document")[1][1]["group"] == "1"


def test_the_fields_that_nobody_reads_are_counted(check, tmp_path, settings):
    rows = [
        ROW | {"id": 1, "group": "g", "outputs": "a", "note": None},
        ROW | {"output": "5", "outputs": "b", "note": "x", "tags": ""},
        ROW | {"output": "", "outputs": "c"},
    ]
    examples = check(rows, problems={"empty_answer": "drop"})[0]
    assert examples.unread_fields == {"outputs": 2, "note": 1}
    assert deduplicate(examples, settings(), tmp_path).unread_fields == {"outputs": 2, "note": 1}


@pytest.mark.parametrize(
    ("row", "unread"),
    [
        ({"prompt": "a", "completion": "b", "label": True}, []),
        ({"prompt": "a", "chosen": "b", "rejected": "c", "score_chosen": 8.5}, ["score_chosen"]),
        ({"text": "a", "label": "b", "split": "test"}, []),
        ({"question": "a", "answer": "b", "system_prompt": "s", "prompt": "c"}, ["prompt"]),
        ({"instruction": "a", "output": "b", "text": "a b"}, ["text"]),
    ],
)
def test_what_a_format_reads_does_not_count_as_unread(check, row, unread):
    assert list(check([row])[0].unread_fields) == unread


@pytest.mark.parametrize("first", [None, [], "text", {}, {"ask": "Add."}])
def test_the_format_is_that_of_the_first_row_that_has_one(refused, check, first):
    kind = "missing_field" if isinstance(first, dict) else "wrong_type"
    assert f"rows.jsonl, row 1: {'field' if isinstance(first, dict) else 'found'}" in (
        refused([first, ROW])
    )
    examples = check([first, ROW], problems={kind: "drop"})[0]
    assert (examples.format, examples.rows_kept, examples.reasons) == ("alpaca", 1, {kind: 1})


def test_a_format_is_not_looked_for_without_end(refused):
    found = refused([None] * 200 + [ROW], problems={"wrong_type": "drop"})
    assert found.startswith("rows.jsonl, row 1: the format is not known (found: NoneType)")


PAIR = {"prompt": "a", "completion": "b"}
BAD_PAIR = {"prompt": "a", "completion": "BAD"}


@pytest.mark.parametrize(("good", "bad"), [(1.0, 0.0), (1, 0), (True, False), ("1.0", "0.0")])
def test_answers_with_a_label_are_never_taught_as_plain_ones(check, good, bad):
    examples, kept, _ = check([PAIR | {"label": good}, BAD_PAIR | {"label": bad}])
    assert examples.format == "kto"
    assert [row["label"] for row in kept] == [True, False]


@pytest.mark.parametrize("first", [PAIR, PAIR | {"label": None}, PAIR | {"label": ""}])
@pytest.mark.parametrize("second", [{"label": False}, {"label": "bad"}, {"rejected": "c"}])
def test_a_row_that_says_more_than_the_first_is_a_problem(refused, check, first, second):
    other = "preference" if "rejected" in second else "kto"
    assert refused([first, BAD_PAIR | second]) == (
        f"rows.jsonl, row 2: this row is {other}, others before it are prompt_completion. "
        "1 row has this problem (2). Set data.problems.other_format=drop to leave them out, or "
        "set data.format to the one that is meant."
    )
    _, kept, _ = check([first, BAD_PAIR | second], problems={"other_format": "drop"})
    assert [row["messages"][-1]["content"] for row in kept] == ["b"]


def test_a_label_that_is_about_something_else_is_refused_until_the_format_is_set(refused, check):
    rows = [PAIR | {"label": "history"}]
    assert "set data.format if the label is about something else" in refused(rows)
    examples = check(rows, format="prompt_completion")[0]
    assert (examples.rows_kept, examples.unread_fields) == (1, {"label": 1})


def test_a_format_can_be_set(check):
    examples, kept, _ = check([ROW | {"text": "all of it"}], format="text")
    assert (examples.format, kept[0]["kind"]) == ("text", "text")


def test_the_group_may_stand_in_another_field(check):
    _, kept, _ = check([ROW | {"document": 3}], group_key="document")
    assert kept[0]["group"] == "3"


@pytest.mark.parametrize("change", [{"output": "five"}, {"input": "5"}])
def test_an_id_that_two_different_rows_have_is_refused(refused, change):
    assert refused([ROW | {"id": "a"}, ROW | {"id": "a"} | change]).startswith(
        "rows.jsonl, row 2: the id 'a' stands in an earlier row too."
    )


def test_an_id_in_a_mapped_column_is_checked_too(refused):
    rows = [ROW | {"key": 1}, ROW | {"key": 1, "output": "5"}]
    assert "the id '1' stands in an earlier row too" in refused(rows, columns={"id": "key"})


def test_equal_rows_may_have_one_id(check):
    assert check([ROW | {"id": "a"}] * 2)[0].rows_kept == 2


def test_sources_of_a_mixture_may_count_alike(tmp_path, settings, write_rows):
    rows = {name: [ROW | {"id": i, "output": f"{name}{i}"} for i in range(3)] for name in "ab"}
    mixture = [{"source": str(write_rows(rows[name], f"{name}.jsonl"))} for name in "ab"]
    mixture.append({"source": str(write_rows([{"text": "Once."}], "c.jsonl"))})
    config = settings(mixture=mixture)
    examples = validate(ingest(config, tmp_path), config, tmp_path)
    ids = [row["id"] for row in jsonl.read(examples.path / "examples.jsonl")]
    assert ids[:6] == ["0/0", "0/1", "0/2", "1/0", "1/1", "1/2"]
    assert examples.format == "alpaca + text"


@pytest.fixture
def counted(tmp_path, settings, write_rows):
    """Validate files in one folder, each numbering its rows; returns ids by answer."""

    def run(*files):
        for name, ids in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            write_rows([ROW | {"id": id_, "output": f"{name}{id_}"} for id_ in ids], name)
        config = settings(tmp_path / "many")
        examples = validate(ingest(config, tmp_path), config, tmp_path)
        return [row["id"] for row in jsonl.read(examples.path / "examples.jsonl")]

    return run


def test_files_of_one_folder_may_count_alike(counted):
    found = counted(("many/a.jsonl", [0, 1]), ("many/b.jsonl", [0, 2]), ("many/c.jsonl", [0, 1]))
    assert found == ["0", "1", "b.jsonl/0", "2", "c.jsonl/0", "c.jsonl/1"]


def test_no_two_rows_share_an_id_even_if_one_looks_like_a_name_that_was_made(counted):
    found = counted(("many/a.jsonl", ["0", "b.jsonl/0"]), ("many/b.jsonl", ["0", "x"]))
    assert found == ["0", "b.jsonl/0", "b.jsonl/b.jsonl/0", "x"]


def test_an_id_twice_in_one_file_of_several_is_refused(tmp_path, settings, write_rows):
    (tmp_path / "many").mkdir()
    write_rows([ROW | {"id": 0}], "many/a.jsonl")
    write_rows([ROW | {"id": 0}, ROW | {"id": 0, "output": "5"}], "many/b.jsonl")
    config = settings(tmp_path / "many")
    with pytest.raises(PeftlineError, match="b.jsonl, row 2: the id '0' stands in an earlier row"):
        validate(ingest(config, tmp_path), config, tmp_path)


def test_the_hash_does_not_depend_on_the_name_of_the_file(check):
    one, two = check([ROW], "one.jsonl")[0], check([ROW], "two.jsonl")[0]
    assert one.sha256 == two.sha256
    assert one.path != two.path, "the origins differ"


@pytest.mark.parametrize("change", [{"id": "x"}, {"group": "g"}, {"split": "test"}, {"input": ""}])
def test_the_hash_depends_on_what_is_taught_on_names_and_on_sides(check, change):
    assert check([ROW])[0].sha256 != check([ROW | change])[0].sha256


@pytest.mark.parametrize(
    "change",
    [{"problems": {"empty_answer": "drop"}}, {"max_characters": 50}, {"group_key": "document"}],
)
def test_settings_of_the_check_are_part_of_its_key(check, change):
    rows = [ROW | {"document": 1}]
    assert check(rows)[0].path != check(rows, **change)[0].path


def turns(*turns_):
    return {"messages": [{"role": role, "content": text} for role, text in turns_]}


def call(name, **fields):
    return {"role": "assistant", "tool_calls": [{"name": name, **fields}]}


QUESTION, ANSWER = ("user", "a"), ("assistant", "b")
BAD = {
    "missing_field": {},
    "wrong_type": {"messages": "text"},
    "other_format": turns(QUESTION, ANSWER) | {"rejected": "c"},
    "unknown_role": turns(("narrator", "a")),
    "turn_order": turns(QUESTION, QUESTION),
    "tool_results": turns(QUESTION, ("tool", "r"), ANSWER),
    "bad_tool_call": {"messages": [{"role": "user", "content": "a"}, call("f", arguments=[1])]},
    "bad_tools": turns(QUESTION, ANSWER) | {"tools": "nonsense"},
    "empty_prompt": turns(("user", " "), ANSWER),
    "empty_answer": turns(QUESTION, ("assistant", "")),
    "nul_character": turns(QUESTION, ("assistant", "a\x00b")),
    "broken_characters": turns(QUESTION, ("assistant", "a\ufffdb")),
    "too_many_characters": turns(QUESTION, ("assistant", "a" * 101)),
    "duplicate_id": turns(QUESTION, ("assistant", "c")) | {"id": "first"},
}
GOOD = turns(QUESTION, ANSWER)
KTO = GOOD | {"label": "no truth value"}


def test_every_problem_of_the_schema_has_a_row_here():
    assert {*BAD, "bad_label", "equal_answers"} == set(Problems.model_fields)


@pytest.mark.parametrize("kind", BAD)
def test_every_problem_stops_by_default_and_is_left_out_if_asked(refused, check, kind):
    rows = [GOOD | {"id": "first"}, BAD[kind], GOOD | {"id": "last"}]
    assert f"Set data.problems.{kind}=drop" in refused(rows, max_characters=100)
    examples, _, dropped = check(rows, max_characters=100, problems={kind: "drop"})
    assert examples.reasons == {kind: 1}
    assert [(row["origin"], row["reason"]) for row in dropped] == [("rows.jsonl, row 2", kind)]


def test_a_bad_label_stops_by_default_and_is_left_out_if_asked(refused, check):
    rows = [GOOD | {"label": True}, KTO]
    assert "Set data.problems.bad_label=drop" in refused(rows)
    assert check(rows, problems={"bad_label": "drop"})[0].reasons == {"bad_label": 1}


@pytest.mark.parametrize("same", [{"rejected": "b"}, {"rejected": " b\n"}])
def test_a_preference_that_prefers_nothing_stops_by_default_and_is_left_out_if_asked(
    refused, check, same
):
    good = {"prompt": "a", "chosen": "b", "rejected": "c"}
    assert "Set data.problems.equal_answers=drop" in refused([good, good | same])
    examples = check([good, good | same], problems={"equal_answers": "drop"})[0]
    assert (examples.rows_kept, examples.reasons) == (1, {"equal_answers": 1})


def test_a_preference_between_calls_is_one(check):
    calls = {name: call("f", arguments={"x": name}) for name in ("chosen", "rejected")}
    assert check([{"prompt": "a", **calls}])[0].rows_kept == 1


@pytest.mark.parametrize(
    "row",
    [
        turns(("system", "a\x00"), QUESTION, ANSWER),
        turns(QUESTION, ANSWER) | {"tools": [{"name": "f", "description": "a\x00"}]},
        turns(QUESTION, ANSWER) | {"tools": [{"name": "f", "parameters": {"a\x00": {}}}]},
        turns(QUESTION, ANSWER) | {"id": "a\x00"},
        turns(QUESTION, ANSWER) | {"group": "a\x00"},
        {"messages": [{"role": "user", "content": "a"}, call("f", arguments={"x": ["a\x00"]})]},
        {"prompt": "a", "chosen": "b", "rejected": "c\x00"},
        {"text": "a", "label": "b\x00"},
    ],
)
def test_texts_are_checked_wherever_they_stand(refused, row):
    assert "holds U+0000" in refused([row])
    half = json.loads(json.dumps(row).replace("\\u0000", "\\ud83d"))
    assert "holds U+D83D" in refused([half])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (turns(QUESTION, ("assistant", ""), QUESTION, ANSWER), "turn 2 (assistant) is empty"),
        (turns(QUESTION, ANSWER, ("user", ""), ANSWER), "turn 3 (user) is empty"),
        ({"prompt": "a", "chosen": "", "rejected": "b"}, "the answer is empty"),
        ({"prompt": "a", "chosen": "b", "rejected": ""}, "the rejected answer is empty"),
        ({"prompt": "", "chosen": "b", "rejected": "c"}, "turn 1 (user) is empty"),
        ({"text": ""}, "the answer is empty"),
        ({"text": "", "label": "x"}, "turn 1 (user) is empty"),
    ],
)
def test_nothing_empty_is_learnt(refused, row, message):
    assert message in refused([row])


def test_an_empty_turn_that_carries_no_loss_is_no_problem(check):
    row = turns(QUESTION, ("assistant", ""), QUESTION, ANSWER)
    row["messages"][1]["loss"] = False
    assert check([row])[0].rows_kept == 1


@given(kinds=st.lists(st.sampled_from(["good", *BAD]), min_size=1, max_size=30), data=st.data())
def test_rows_kept_and_rows_dropped_are_the_rows_read(tmp_path_factory, kinds, data):
    stop = data.draw(st.sets(st.sampled_from(list(BAD)), max_size=2))
    root = tmp_path_factory.mktemp("mix")
    rows = [GOOD | {"id": "first"}]
    for at, kind in enumerate(kinds):
        row = BAD.get(kind, GOOD)
        rows.append({"id": f"{at}"} | row)
    jsonl.write(root / "rows.jsonl", rows)
    config = Data(
        source=str(root / "rows.jsonl"),
        **{"train_rows": 1, "validation_rows": 1, "test_rows": 1},
        max_characters=100,
        problems={kind: "raise" if kind in stop else "drop" for kind in BAD},
    )
    expected = Counter(kind for kind in kinds if kind != "good")
    raw = ingest(config, root)
    if stop & expected.keys():
        with pytest.raises(PeftlineError) as caught:
            validate(raw, config, root)
        named = str(caught.value)
        assert {kind for kind in BAD if f"data.problems.{kind}=" in named} == stop & expected.keys()
        assert not list((root / "02_intermediate").glob("*"))
        return
    examples = validate(raw, config, root)
    kept = sum(1 for _ in jsonl.read(examples.path / "examples.jsonl"))
    dropped = list(jsonl.read(examples.path / "dropped.jsonl"))
    assert examples.rows_read == raw.rows == len(rows)
    assert examples.rows_kept + examples.rows_dropped == examples.rows_read
    assert (kept, len(dropped)) == (examples.rows_kept, examples.rows_dropped)
    assert examples.reasons == expected == Counter(row["reason"] for row in dropped)


GENERATED = Data(source="tool_calls", train_rows=20, validation_rows=5, test_rows=5)


def test_the_labels_of_generated_rows_are_kept_and_not_called_unread(tmp_path):
    raw = ingest(GENERATED, tmp_path)
    rows = [row["value"] for row in jsonl.read(raw.path / "rows.jsonl")]
    assert all({"domain", "kind", "details"} <= row.keys() for row in rows)
    examples = validate(raw, GENERATED, tmp_path)
    assert (examples.rows_kept, examples.unread_fields) == (30, {})


def test_a_label_of_generated_rows_can_be_the_class_of_a_text(tmp_path):
    columns = {"text": "input", "label": "domain"}
    data = GENERATED.model_copy(update={"format": "classification", "columns": columns})
    examples = validate(ingest(data, tmp_path), data, tmp_path)
    first = next(jsonl.read(examples.path / "examples.jsonl"))
    row = generate(20, 5, 5, seed=data.seed)[0]
    assert (first["messages"][0]["content"], first["label"]) == (row["input"], row["domain"])


def test_the_same_fields_in_a_file_are_called_unread(check):
    row = {"instruction": "Add.", "output": "4", "domain": "sums", "details": 2}
    assert list(check([row])[0].unread_fields) == ["domain", "details"]
