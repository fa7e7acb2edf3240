"""Every kind of file gives the same rows, or says what is wrong with it."""

import csv
import gzip
import io
import json
from datetime import date

import pytest

from peftline.corpus import files

ROWS = [
    {"instruction": "Add.", "input": "2 and 2", "output": "4"},
    {"instruction": "Grüße «Ünï», \u2028 zwei\nZeilen", "input": "", "output": 'say "hi", 🎉'},
]


def as_csv(rows, **form):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), **form)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


TEXTS = {
    "list.json": json.dumps(ROWS),
    "indented.json": json.dumps(ROWS, ensure_ascii=False, indent=2),
    "lines-in.json": "\n".join(map(json.dumps, ROWS)),
    "rows.jsonl": "\n".join(map(json.dumps, ROWS)) + "\n",
    "rows.ndjson": "\n".join(map(json.dumps, ROWS)),
    "LOUD.JSONL": "\n".join(map(json.dumps, ROWS)),
    "plain.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS),
    "windows.jsonl": "\r\n\r\n".join(map(json.dumps, ROWS)),
    "rows.csv": as_csv(ROWS),
    "unix.csv": as_csv(ROWS, lineterminator="\n", quoting=csv.QUOTE_ALL),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_all_kinds_of_text_files_give_the_same_rows(tmp_path, name, bom, packed):
    content = bom + TEXTS[name].encode()
    ending = ".GZ" if name.isupper() else ".gz"
    file = tmp_path / (f"{name}{ending}" if packed else name)
    file.write_bytes(gzip.compress(content) if packed else content)
    assert list(files.rows(file)) == ROWS


@pytest.fixture
def write_table(tmp_path):
    """Write rows as Parquet, an Arrow file or an Arrow stream."""
    import pyarrow
    from pyarrow import ipc, parquet

    def write(rows, kind, schema=None):
        table = pyarrow.Table.from_pylist(rows, schema=schema)
        file = tmp_path / f"rows.{'parquet' if kind == 'parquet' else 'arrow'}"
        if kind == "parquet":
            parquet.write_table(table, file)
        else:
            with (ipc.new_file if kind == "file" else ipc.new_stream)(file, table.schema) as sink:
                sink.write_table(table, max_chunksize=1)
        return file

    return write


TABLES = pytest.mark.parametrize("kind", ["parquet", "file", "stream"])


@TABLES
def test_all_kinds_of_tables_give_the_same_rows(write_table, kind):
    assert list(files.rows(write_table(ROWS, kind))) == ROWS


def test_the_case_of_a_suffix_does_not_matter_for_tables(write_table):
    file = write_table(ROWS, "parquet")
    assert list(files.rows(file.rename(file.with_name("ROWS.PARQUET")))) == ROWS


@TABLES
def test_nulls_that_arrow_has_filled_in_are_left_out(write_table, kind):
    def call(name, **arguments):
        turn = {"role": "assistant", "tool_calls": [{"name": name, "arguments": arguments}]}
        return {"messages": [{"role": "user", "content": "Please."}, turn]}

    rows = [call("weather", city="Bern"), call("sum", a=1, b=2)]
    assert list(files.rows(write_table(rows, kind))) == rows


def test_what_json_has_no_word_for_becomes_text(write_table):
    row = {"text": b"a", "day": date(2026, 1, 2), "pairs": [1.5, True], "bad": b"\xff"}
    assert list(files.rows(write_table([row], "parquet"))) == [
        {"text": "a", "day": "2026-01-02", "pairs": [1.5, 1.0], "bad": "\ufffd"}
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", ".json"),
        ("a.b.jsonl", ".jsonl"),
        ("a.csv.gz", ".csv"),
        ("a.json.gz", ".json"),
        ("a.parquet", ".parquet"),
        ("a.ndjson", ".ndjson"),
        ("A.JSONL", ".jsonl"),
        ("A.Csv.GZ", ".csv"),
        ("a.jsonl.zst", None),
        ("a.parquet.gz", None),
        ("a.gz", None),
        ("a.txt", None),
        ("json", None),
    ],
)
def test_the_name_says_how_a_file_is_read(tmp_path, name, kind):
    assert files.kind(tmp_path / name) == kind


def test_a_csv_field_may_be_long(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(f"text\n{'a' * 500_000}\n")
    assert len(next(files.rows(file))["text"]) == 500_000


def test_only_a_part_of_a_file_is_held_in_memory(tmp_path):
    import tracemalloc

    row = json.dumps({"text": "a" * 1000})
    (tmp_path / "rows.json").write_text(f"[{','.join([row] * 20_000)}]")
    (tmp_path / "rows.jsonl").write_text(f"{row}\n" * 20_000)
    for name in ("rows.json", "rows.jsonl"):
        tracemalloc.start()
        count = sum(1 for _ in files.rows(tmp_path / name))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 20_000
        assert peak < 8 * 2**20
