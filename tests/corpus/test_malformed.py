"""Inputs as they should not be, each with what its message has to say."""

import gzip
import json
import random

import pytest

from peftline.corpus.ingest import ingest
from peftline.corpus.validate import validate
from peftline.data_schema import Problems
from peftline.errors import PeftlineError

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}
GOOD = json.dumps(ROW)
USER, ANSWER = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
CALL = {"name": "f", "arguments": {"x": 1}}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
CHANCE = random.Random(0)
NOISE = json.dumps([CHANCE.random() for _ in range(5000)])
PACKED = gzip.compress(NOISE.encode())


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def chat(*turns, **fields):
    return lines({"messages": [USER, ANSWER]}, {"messages": list(turns), **fields})


def share(*turns, **fields):
    said = [{"from": name, "value": value} for name, value in turns]
    return lines({"conversations": said, **fields})


def drop(kind):
    return f"data.problems.{kind}=drop"


# What the case is: (name of the file, what it holds, settings, what the message says).
FILES = {
    "a line of jsonl is not JSON": (
        "a.jsonl",
        f"{GOOD}\n{{oops}}\n",
        {},
        ["a.jsonl, line 2: not JSON", "Write one JSON object a line"],
    ),
    "several lines are not JSON": (
        "a.jsonl",
        f"oops\n{GOOD}\n\noops\n",
        {},
        ["a.jsonl, line 1: not JSON", "a.jsonl, line 4: not JSON"],
    ),
    "five hundred lines are not JSON": (
        "a.jsonl",
        "oops\n" * 500,
        {},
        ["a.jsonl, line 20: not JSON", "480 more lines like this"],
    ),
    "the last line is cut": ("a.jsonl", f"{GOOD}\n{GOOD[:-9]}", {}, ["a.jsonl, line 2: not JSON"]),
    "single quotes": ("a.jsonl", f"{GOOD}\n{ROW!r}\n", {}, ["a.jsonl, line 2", "double quotes"]),
    "two objects on a line": ("a.jsonl", f"{GOOD}{GOOD}\n", {}, ["a.jsonl, line 1", "Extra data"]),
    "an indented list in jsonl": (
        "a.jsonl",
        json.dumps([ROW], indent=2),
        {},
        ["a.jsonl, line 1: not JSON", "Write one JSON object a line"],
    ),
    "a raw NUL in jsonl": ("a.jsonl", GOOD.replace("4", "\0"), {}, ["line 1", "control character"]),
    "too deep": ("a.jsonl", "[" * 100_000, {}, ["a.jsonl, line 1: not JSON", "too deeply"]),
    "a number too long": (
        "a.jsonl",
        '{"a": ' + "1" * 5000 + "}",
        {},
        ["a.jsonl, line 1: not JSON"],
    ),
    "a number too long in lines in json": (
        "a.json",
        '{"a": ' + "1" * 5000 + f"}}\n{GOOD}\n",
        {},
        ["a.json, line 1: not JSON", "4300 digits"],
    ),
    "latin-1 in jsonl": (
        "a.jsonl",
        f"{GOOD}\n".encode() + '{"instruction": "Grüße"}'.encode("latin-1"),
        {},
        ["a.jsonl, line 2: byte 0xfc is not UTF-8. Save the file as UTF-8."],
    ),
    "latin-1 far into a list": (
        "a.json",
        ("[" + f"{GOOD},\n" * 40_000).encode() + b'"\xe9"]',
        {},
        ["a.json, line 40001: byte 0xe9 is not UTF-8"],
    ),
    "latin-1 in csv": (
        "a.csv",
        "instruction,output\nGrüße,4\n".encode("latin-1"),
        {},
        ["a.csv, line 2: byte 0xfc is not UTF-8"],
    ),
    "UTF-16": ("a.jsonl", GOOD.encode("utf-16"), {}, ["a.jsonl, line 1: byte 0xff is not UTF-8"]),
    "UTF-16 csv": ("a.csv", "a,b\n".encode("utf-16"), {}, ["a.csv, line 1: byte 0xff", "UTF-8"]),
    "a list with a broken item": (
        "a.json",
        '[\n{"instruction": "a"},\n{oops}]',
        {},
        ["a.json, line 3, column 2: not JSON"],
    ),
    "a list that is cut": ("a.json", f"[{GOOD},\n{GOOD}", {}, ["a.json, line 2", "not JSON"]),
    "a list with a comma at the end": ("a.json", f"[{GOOD},]", {}, ["a.json, line 1", "not JSON"]),
    "more after the list": ("a.json", f"[{GOOD}] []", {}, ["a.json, line 1", "Extra data"]),
    "an empty json file": ("a.json", "", {}, ["a.json, line 1, column 1: not JSON"]),
    "blanks only": ("a.json", " \n\n", {}, ["a.json, line 3", "not JSON", "holds a list of rows"]),
    "an object at the top": (
        "a.json",
        json.dumps({"rows": [ROW]}),
        {},
        ["a.json: found an object at the top, not a list of rows", ".jsonl"],
    ),
    "an indented object at the top": (
        "a.json",
        json.dumps({"rows": [ROW]}, indent=1),
        {},
        ["a.json: found an object at the top"],
    ),
    "a text at the top": ("a.json", '"rows"', {}, ["a.json: found a text at the top"]),
    "a number at the top": ("a.json", "5", {}, ["a.json: not JSON (no list)", "a list of rows"]),
    "a list too deep": ("a.json", "[" * 100_000, {}, ["a.json: not JSON (nested too deeply)"]),
    "lines in json, one of them broken": (
        "a.json",
        f"{GOOD}\noops\n",
        {},
        ["a.json, line 2: not JSON"],
    ),
    "a list without rows": ("a.json", "[]", {}, ["data.source=a.json: the data set is empty"]),
    "jsonl without rows": ("a.jsonl", "\n\n", {}, ["data.source=a.jsonl: the data set is empty"]),
    "csv without rows": ("a.csv", "instruction,output\n", {}, ["the data set is empty"]),
    "csv with a field too many": (
        "a.csv",
        "instruction,output\na,b\nc,d, e\n",
        {},
        ["a.csv, line 3: not 2 fields", "Quote fields that hold commas"],
    ),
    "csv with a field too few": ("a.csv", "instruction,output\na\n", {}, ["line 2: not 2 fields"]),
    "csv with an open quote": (
        "a.csv",
        'instruction,output\na,b\nc,"d\ne,f\n',
        {},
        ["a.csv, line 3: not CSV"],
    ),
    "csv with an open quote on the last line": (
        "a.csv",
        'instruction,output\na,b\nc,"d',
        {},
        ["a.csv, line 3: not CSV"],
    ),
    "csv with a field too few after empty lines": (
        "a.csv",
        "instruction,output\na,b\n\n\nc\n",
        {},
        ["a.csv, line 5: not 2 fields"],
    ),
    "csv with text after a quote and empty lines": (
        "a.csv",
        'a,b\r\n"c\nd",e\r\n\r\n"f"g,h\r\n',
        {},
        ["a.csv, line 5: not CSV"],
    ),
    "csv with text after a quote": ("a.csv", 'a,b\n"c"d,e\n', {}, ["a.csv, line 2: not CSV"]),
    "csv with semicolons": (
        "a.csv",
        "instruction;output\na;b\n",
        {},
        ["a.csv, line 1: no comma in 'instruction;output'", "commas"],
    ),
    "csv with two equal names": (
        "a.csv",
        "output,output\na,b\n",
        {},
        ["a.csv, line 1: two fields have the name 'output'"],
    ),
    "no gzip": ("a.jsonl.gz", GOOD, {}, ["a.jsonl.gz: not a whole gzip file"]),
    "gzip that is cut": (
        "a.json.gz",
        gzip.compress(f"[{GOOD}, {NOISE}]".encode())[:-5000],
        {},
        ["a.json.gz: not a whole gzip file", "download it again"],
    ),
    "gzip with a broken middle": (
        "a.jsonl.gz",
        PACKED[:5000] + b"\0" * 999 + PACKED[5999:],
        {},
        ["a.jsonl.gz: not a whole gzip file"],
    ),
    "gzip of latin-1": (
        "a.csv.gz",
        gzip.compress("text\né\n".encode("latin-1")),
        {},
        ["a.csv.gz, line 2: byte 0xe9 is not UTF-8"],
    ),
    "text named parquet": ("a.parquet", GOOD, {}, ["a.parquet: not a whole Parquet file"]),
    "parquet that is cut": ("a.parquet", "parquet", {}, ["a.parquet: not a whole Parquet file"]),
    "text named arrow": ("a.arrow", GOOD * 9, {}, ["a.arrow: not a whole Arrow file"]),
    "arrow that is cut": ("a.arrow", "arrow", {}, ["a.arrow: not a whole Arrow file"]),
    "an empty parquet file": ("a.parquet", "", {}, ["a.parquet: not a whole Parquet file"]),
    "packed otherwise": ("a.jsonl.zst", "x", {}, ["ends in '.zst' cannot be read", ".jsonl"]),
    "a file of another kind": ("a.xlsx", "PK", {}, ["ends in '.xlsx' cannot be read", ".jsonl"]),
    "packed parquet": ("a.parquet.gz", "PAR1", {}, ["ends in '.gz' cannot be read", ".gz of the"]),
}

ROWS = {
    "an unknown format": (
        "a.jsonl",
        lines({"ask": "a", "reply": "b"}),
        {},
        ["a.jsonl, row 1: the format is not known (found: ask, reply)", "data.columns"],
    ),
    "columns that do not exist": (
        "a.csv",
        "ask,reply\na,b\n",
        {"columns": {"instruction": "ask", "output": "replies"}},
        [
            "a.csv: data.columns.output is 'replies', and no row has such a column",
            "those that exist: ask, reply.",
        ],
    ),
    "rows that are texts": ("a.json", '["a", "b"]', {}, ["a.json, row 1", "found: str"]),
    "rows that are lists": ("a.jsonl", "[1]\n", {}, ["a.jsonl, row 1", "found: list"]),
    "rows that are null": ("a.jsonl", "null\n", {}, ["a.jsonl, row 1", "found: NoneType"]),
    "rows without fields": ("a.jsonl", "{}\n", {}, ["a.jsonl, row 1", "found: no fields"]),
    "one row that is a list": (
        "a.json",
        json.dumps([ROW, [ROW]]),
        {},
        ["a.json, row 2: found list, not an object", drop("wrong_type")],
    ),
    "two formats in one file": (
        "a.jsonl",
        lines(ROW, {"conversations": [], "id": 1}),
        {},
        ["a.jsonl, row 2: field 'instruction' is missing", "data.columns", drop("missing_field")],
    ),
    "another format than the one that is set": (
        "a.jsonl",
        lines(ROW),
        {"format": "sharegpt"},
        ["a.jsonl, row 1: field 'conversations' is missing or empty"],
    ),
    "a number as the answer": (
        "a.jsonl",
        lines(ROW, ROW | {"output": 4}),
        {},
        ["a.jsonl, row 2: field 'output' is int, not text", drop("wrong_type")],
    ),
    "not a number as the answer": (
        "a.jsonl",
        '{"instruction": "a", "output": NaN}\n',
        {},
        ["a.jsonl, row 1: field 'output' is float, not text"],
    ),
    "an answer that is null": (
        "a.jsonl",
        lines(ROW | {"output": None}),
        {},
        ["'output' is missing"],
    ),
    "an object as the input": ("a.jsonl", lines(ROW | {"input": {}}), {}, ["'input' is dict"]),
    "a history that is no pair": (
        "a.jsonl",
        lines(ROW | {"history": [["a", "b", "c"]]}),
        {},
        ["row 1: field 'history' is no list of pairs of texts", drop("wrong_type")],
    ),
    "a side that does not exist": (
        "a.jsonl",
        lines(ROW | {"split": "dev"}),
        {},
        ["row 1: field 'split' is 'dev', not one of train, validation, test"],
    ),
    "an empty answer": (
        "a.csv",
        "instruction,output\na,b\nc,\nd,\n",
        {},
        [
            "a.csv, row 2: the answer is empty. 2 rows have this problem (2, 3)",
            drop("empty_answer"),
        ],
    ),
    "an empty question": (
        "a.csv",
        "question,answer\n,b\n",
        {},
        ["a.csv, row 1: turn 1 (user) is empty", drop("empty_prompt")],
    ),
    "an empty text": ("a.jsonl", lines({"text": "\n"}), {}, ["the answer is empty"]),
    "an answer in the middle that is empty": (
        "a.jsonl",
        chat(USER, ANSWER | {"content": ""}, USER, ANSWER),
        {},
        ["a.jsonl, row 2: turn 2 (assistant) is empty", drop("empty_answer")],
    ),
    "turns that are a text": (
        "a.jsonl",
        lines({"messages": "user: a"}),
        {},
        ["field 'messages' is str, not a list", drop("wrong_type")],
    ),
    "turns that are no JSON in a text": (
        "a.csv",
        "messages\n\"[{'role': 'user'}]\"\n",
        {},
        ["a.csv, row 1: field 'messages' is str, not a list"],
    ),
    "turns without content that are JSON in a text": (
        "a.csv",
        'messages\n"[{""role"": ""user""}]"\n',
        {},
        ["a.csv, row 1: field 'messages[0].content' is missing"],
    ),
    "no turns": ("a.jsonl", chat(), {}, ["row 2: field 'messages' is missing or empty"]),
    "a turn that is a text": ("a.jsonl", chat(USER, "b"), {}, ["messages[1] is str, not a turn"]),
    "a turn without a role": (
        "a.jsonl",
        chat(USER, {"content": "b"}),
        {},
        ["a.jsonl, row 2: field 'messages[1].role' is missing", drop("missing_field")],
    ),
    "a turn without content": (
        "a.jsonl",
        chat(USER, {"role": "assistant"}),
        {},
        ["a.jsonl, row 2: field 'messages[1].content' is missing"],
    ),
    "a turn with an image": (
        "a.jsonl",
        chat({"role": "user", "content": [{"type": "image_url"}]}, ANSWER),
        {},
        ["messages[0].content has parts that are not text", drop("wrong_type")],
    ),
    "a turn by nobody known": (
        "a.jsonl",
        chat(USER, {"role": "narrator", "content": "b"}),
        {},
        ["row 2: messages[1].role is 'narrator', not one of system,", drop("unknown_role")],
    ),
    "a ShareGPT turn by nobody known": (
        "a.json",
        json.dumps([{"conversations": [{"from": "Alice", "value": "a"}]}]),
        {},
        ["a.json, row 1: conversations[0].from is 'alice'", drop("unknown_role")],
    ),
    "two turns of a user": (
        "a.jsonl",
        chat(USER, USER, ANSWER),
        {},
        ["row 2: turn 2 (user): two user turns in a row", drop("turn_order")],
    ),
    "two answers": (
        "a.jsonl",
        share(("human", "a"), ("gpt", "b"), ("gpt", "c")),
        {},
        ["row 1: turn 3 (assistant): two assistant turns in a row"],
    ),
    "an assistant first": (
        "a.jsonl",
        chat(ANSWER),
        {},
        ["turn 1 (assistant): the conversation does not begin with a user", drop("turn_order")],
    ),
    "a system turn later": (
        "a.jsonl",
        chat(USER, {"role": "system", "content": "s"}, ANSWER),
        {},
        ["turn 2 (system): a system turn that is not the first"],
    ),
    "a system turn alone": ("a.jsonl", share(("system", "s")), {}, ["there is no turn of a user"]),
    "no answer at the end": (
        "a.jsonl",
        chat(USER, ANSWER, USER),
        {},
        ["the last turn is not the assistant's", drop("turn_order")],
    ),
    "a call without a result": (
        "a.jsonl",
        chat(USER, CALLING, ANSWER),
        {},
        ["turn 3 (assistant): the call before it has no result", drop("tool_results")],
    ),
    "fewer results than calls": (
        "a.jsonl",
        chat(USER, CALLING | {"tool_calls": [CALL] * 3}, {"role": "tool", "content": "r"}, ANSWER),
        {},
        ["turn 4 (assistant): results before it are missing: 2", drop("tool_results")],
    ),
    "more results than calls": (
        "a.jsonl",
        chat(USER, CALLING, *[{"role": "tool", "content": "r"}] * 2, ANSWER),
        {},
        ["row 2: turn 4 (tool): a result too many; calls: 1", drop("tool_results")],
    ),
    "a result of a call that is not there": (
        "a.jsonl",
        chat(
            USER,
            CALLING | {"tool_calls": [CALL | {"id": "c1"}]},
            {"role": "tool", "content": "r", "tool_call_id": "c2"},
            ANSWER,
        ),
        {},
        ["row 2: messages[1]: no call waits for the result with the id 'c2'"],
    ),
    "a result without a call": (
        "a.jsonl",
        share(("human", "a"), ("observation", "r"), ("gpt", "b")),
        {},
        ["turn 2 (tool): a result without a call before it", drop("tool_results")],
    ),
    "a call that is not JSON": (
        "a.jsonl",
        share(("human", "a"), ("function_call", "f(x=1)")),
        {},
        ["row 1: conversations[1].value: not JSON", drop("bad_tool_call")],
    ),
    "a call without a name": (
        "a.jsonl",
        share(("human", "a"), ("function_call", '{"arguments": {}}')),
        {},
        ["conversations[1].value: a call has no name", drop("bad_tool_call")],
    ),
    "arguments that are a list": (
        "a.jsonl",
        chat(USER, {"role": "assistant", "tool_calls": [CALL | {"arguments": [1]}]}),
        {},
        ["messages[1].tool_calls: the arguments of 'f' are list, not an object"],
    ),
    "arguments that are cut": (
        "a.jsonl",
        chat(USER, {"role": "assistant", "tool_calls": [CALL | {"arguments": '{"x":'}]}),
        {},
        ["the arguments of 'f': not JSON", drop("bad_tool_call")],
    ),
    "calls that are no list": (
        "a.jsonl",
        chat(USER, {"role": "assistant", "tool_calls": 3}),
        {},
        ["messages[1].tool_calls is int, not a list", drop("bad_tool_call")],
    ),
    "tools that are not JSON": (
        "a.jsonl",
        chat(USER, ANSWER, tools="f(x)"),
        {},
        ["row 2: field 'tools': not JSON", drop("bad_tools")],
    ),
    "tools without a name": (
        "a.jsonl",
        chat(USER, ANSWER, tools=[{"type": "function"}]),
        {},
        ["field 'tools': a tool has no name", drop("bad_tools")],
    ),
    "a preference without the worse answer": (
        "a.jsonl",
        lines({"prompt": "a", "chosen": "b", "rejected": "c"}, {"prompt": "a", "chosen": "b"}),
        {},
        ["a.jsonl, row 2: field 'rejected' is missing", drop("missing_field")],
    ),
    "a preference with a number": (
        "a.jsonl",
        lines({"prompt": "a", "chosen": 1, "rejected": "c"}),
        {},
        ["row 1: field 'chosen' is int, neither text nor turns", drop("wrong_type")],
    ),
    "a preference whose conversations part early": (
        "a.jsonl",
        lines({"chosen": [USER, ANSWER], "rejected": [USER | {"content": "z"}, ANSWER]}),
        {},
        ["row 1: field 'rejected' does not continue the prompt", drop("turn_order")],
    ),
    "a preference that prefers nothing": (
        "a.jsonl",
        lines({"prompt": "a", "chosen": "b", "rejected": "b\n"}),
        {},
        ["row 1: the chosen and the rejected answer are the same", drop("equal_answers")],
    ),
    "a preference with an empty answer": (
        "a.jsonl",
        lines({"prompt": "a", "chosen": "b", "rejected": ""}),
        {},
        ["row 1: the rejected answer is empty", drop("empty_answer")],
    ),
    "a label that is no truth value": (
        "a.jsonl",
        lines({"messages": [USER, ANSWER], "label": True}, {"prompt": "a", "label": "perhaps"}),
        {},
        ["row 2: field 'label' is 'perhaps', not true or false", drop("bad_label")],
    ),
    "a label that the first row lacks": (
        "a.jsonl",
        lines({"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": "c", "label": 0}),
        {},
        ["a.jsonl, row 2: this row is kto", "data.format", drop("other_format")],
    ),
    "a worse answer without a better one": (
        "a.jsonl",
        lines({"prompt": "a", "completion": "b", "rejected": "c"}),
        {},
        ["row 1: field 'chosen' is missing", drop("missing_field")],
    ),
    "a group that no row has": (
        "a.csv",
        "instruction,output,document\na,b,1\n",
        {"group_key": "documnet"},
        ["a.csv: data.group_key is 'documnet'", "those that exist: instruction, output, document."],
    ),
    "a class without a name": (
        "a.csv",
        "text,label\na,x\nb,\n",
        {},
        ["a.csv, row 2: field 'label' is '', not the name of a class", drop("bad_label")],
    ),
    "a NUL": (
        "a.jsonl",
        lines(ROW, ROW | {"output": "a\0b"}),
        {},
        ["row 2: turn 2 (assistant) holds U+0000", drop("nul_character")],
    ),
    "a NUL in csv": (
        "a.csv",
        "text\na\0b\n",
        {},
        ["a.csv, row 1: turn 1 (assistant) holds U+0000"],
    ),
    "half an emoji": (
        "a.json",
        json.dumps([ROW | {"output": "\ud83d"}]),
        {},
        ["a.json, row 1: turn 2 (assistant) holds U+D83D", drop("broken_characters")],
    ),
    "what a decoder could not read": (
        "a.jsonl",
        lines(ROW | {"input": "caf\ufffd"}),
        {},
        ["row 1: turn 1 (user) holds U+FFFD", drop("broken_characters")],
    ),
    "a very long row": (
        "a.jsonl",
        lines(ROW, ROW | {"output": "a" * 250_000}),
        {},
        ["row 2: more than 200,000 characters", drop("too_many_characters"), "data.max_characters"],
    ),
    "one id for two rows": (
        "a.jsonl",
        lines(ROW | {"id": 7}, ROW | {"id": "7", "output": "5"}),
        {},
        ["a.jsonl, row 2: the id '7' stands in an earlier row too", drop("duplicate_id")],
    ),
    "all rows left out": (
        "a.jsonl",
        lines(ROW | {"output": ""}, ROW | {"output": 3}),
        {"problems": {"empty_answer": "drop", "wrong_type": "drop"}},
        ["a.jsonl: no row is left of 2", "empty_answer 1, wrong_type 1", "data.problems"],
    ),
    "three problems at once": (
        "a.jsonl",
        lines(ROW, {}, ROW | {"output": ""}, ROW | {"input": 1}, {}),
        {},
        ["2 rows have this problem (2, 5)", "row 3: the answer is empty", "row 4: field 'input'"],
    ),
}


def write(file, content):
    """Write what a file holds; a table that is cut is named by its kind."""
    import pyarrow
    from pyarrow import ipc, parquet

    table = pyarrow.Table.from_pylist([ROW] * 3000)
    if content == "parquet":
        parquet.write_table(table, file)
        content = file.read_bytes()[:-300]
    elif content == "arrow":
        with ipc.new_stream(file, table.schema) as sink:
            sink.write_table(table)
        content = file.read_bytes()[:-5000]
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("case", [*FILES, *ROWS])
def test_a_malformed_input_is_refused_with_place_and_advice(case, tmp_path, settings):
    name, content, changes, fragments = (FILES | ROWS)[case]
    folder = tmp_path / "given"
    folder.mkdir()
    write(folder / name, content)
    config, root = settings(folder / name, **changes), tmp_path / "root"
    with pytest.raises(PeftlineError) as caught:
        validate(ingest(config, root), config, root)
    found = str(caught.value)
    for fragment in fragments:
        assert fragment in found
    assert found.count("\n") < 60 and len(found) < 6000, "the message floods the screen"
    stored = list(root.glob("*/*"))
    assert all(
        path.parent.name == "01_raw" and (path / "manifest.json").exists() for path in stored
    )
    assert not stored or case in ROWS, "rows of a file that cannot be read were stored"


def test_there_are_at_least_sixty_cases_of_all_kinds():
    assert len(FILES) + len(ROWS) >= 60
    text = repr(list(ROWS.values()))
    assert all(drop(kind) in text for kind in Problems.model_fields)
