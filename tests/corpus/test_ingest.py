import json

import pytest

from peftline import jsonl, tool_calls
from peftline.corpus.ingest import ingest
from peftline.errors import PeftlineError
from peftline.schema import Data

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


def data(source, **settings):
    return Data(source=str(source), train_rows=4, validation_rows=2, test_rows=2, **settings)


def rows_of(raw):
    return list(jsonl.read(raw.path / "rows.jsonl"))


def message(source, root, **settings):
    with pytest.raises(PeftlineError) as caught:
        ingest(data(source, **settings), root)
    layer = root / "01_raw"
    assert not layer.exists() or list(layer.iterdir()) == [], "something was left behind"
    return str(caught.value)


def test_rows_of_a_file_are_stored_with_their_origin(tmp_path, write_rows):
    raw = ingest(data(write_rows([ROW, ROW | {"output": "four"}])), tmp_path)
    assert (raw.source, raw.rows) == ("rows.jsonl", 2)
    assert rows_of(raw)[1] == {"file": "rows.jsonl", "row": 2, "value": ROW | {"output": "four"}}


def test_a_json_list_and_json_lines_give_the_same_rows(tmp_path, write_rows):
    lines = write_rows([ROW, ROW])
    listed = tmp_path / "rows.json"
    listed.write_text(json.dumps([ROW, ROW]))
    values = [[row["value"] for row in rows_of(ingest(data(f), tmp_path))] for f in (lines, listed)]
    assert values[0] == values[1] == [ROW, ROW]


def test_a_folder_gives_the_rows_of_all_its_files_in_order(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "b.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "a.json").write_text(json.dumps([ROW, ROW]))
    (folder / "notes.md").write_text("not data")
    raw = ingest(data(folder), tmp_path)
    origins = [(row["file"], row["row"]) for row in rows_of(raw)]
    assert origins == [("a.json", 1), ("a.json", 2), ("b.jsonl", 1)]


def test_generated_rows_are_those_of_the_generator(tmp_path):
    raw = ingest(data("tool_calls", seed=7), tmp_path)
    expected = tool_calls.generate(train=4, validation=2, test=2, seed=7)
    assert [row["value"] for row in rows_of(raw)] == expected


def test_unicode_line_separators_do_not_split_a_row(tmp_path):
    file = tmp_path / "rows.jsonl"
    row = ROW | {"output": "a\u2028b\u0085c"}
    file.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert rows_of(ingest(data(file), tmp_path))[0]["value"] == row


def test_blank_lines_and_windows_line_ends_are_no_rows(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(f"{json.dumps(ROW)}\r\n\r\n\n{json.dumps(ROW)}".encode())
    assert ingest(data(file), tmp_path).rows == 2


def test_a_byte_order_mark_is_accepted(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROW) + "\n", encoding="utf-8-sig")
    assert rows_of(ingest(data(file), tmp_path))[0]["value"] == ROW


@pytest.mark.parametrize("name", ["absent.jsonl", "absent.csv", "somewhere/deep/absent", "absent"])
def test_a_missing_file_is_named_with_what_is_accepted(tmp_path, name):
    found = message(name, tmp_path)
    assert found.startswith(f"data.source={name}: there is no such file or folder")
    assert ".jsonl" in found
    assert "tool_calls" in found


def test_a_folder_without_data_says_what_it_looked_for(tmp_path):
    (tmp_path / "empty").mkdir()
    found = message(tmp_path / "empty", tmp_path)
    assert "the folder has no file that ends in .json or .jsonl" in found


def test_a_line_that_is_not_json_is_named_by_its_number(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n\n{{'instruction': 1}}\n{json.dumps(ROW)}\nnonsense\n")
    found = message(file, tmp_path)
    assert "rows.jsonl, line 3: not JSON" in found
    assert "rows.jsonl, line 5: not JSON" in found
    assert "Write one JSON object a line." in found


def test_a_file_of_another_kind_does_not_flood_the_screen(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("nonsense\n" * 500)
    found = message(file, tmp_path)
    assert found.count("line ") < 25
    assert "480 more lines" in found


def test_broken_json_is_named_by_line_and_column(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text('[\n{"instruction": "a"},\n{oops}]')
    assert message(file, tmp_path).startswith("rows.json, line 3, column 2: not JSON")


def test_a_json_object_at_the_top_is_not_a_list_of_rows(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"rows": [ROW]}))
    assert "found dict at the top, not a list of rows" in message(file, tmp_path)


@pytest.mark.parametrize(
    ("name", "text"), [("a.jsonl", ""), ("a.jsonl", "\n \n"), ("a.json", "[]")]
)
def test_an_empty_source_is_refused(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    assert "the data set is empty" in message(file, tmp_path)


def test_an_empty_json_file_is_refused(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("")
    assert message(file, tmp_path).startswith("a.json, line 1")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_text_that_is_not_utf_8_is_named_by_its_byte(tmp_path, name):
    file = tmp_path / name
    file.write_bytes('{"instruction": "Gr\xfc\xdfe"}\n'.encode("latin-1"))
    assert message(file, tmp_path) == f"{name}: byte 19 is not UTF-8. Save the file as UTF-8."


def test_a_hub_name_without_network_says_so_and_offers_the_generated_data(tmp_path):
    found = message("someone/something", tmp_path)
    assert found.startswith("data.source=someone/something: neither a file here nor a hub data set")
    assert "tool_calls" in found


def test_max_rows_are_chosen_by_content_not_by_position(tmp_path, write_rows):
    rows = [ROW | {"input": f"{i} and {i}"} for i in range(20)]
    forward = ingest(data(write_rows(rows, "a.jsonl"), max_rows=5), tmp_path)
    backward = ingest(data(write_rows(rows[::-1], "b.jsonl"), max_rows=5), tmp_path)
    chosen = [{row["value"]["input"] for row in rows_of(raw)} for raw in (forward, backward)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 5
    numbers = [row["row"] for row in rows_of(forward)]
    assert numbers == sorted(numbers)


def test_max_rows_larger_than_the_file_takes_all(tmp_path, write_rows):
    assert ingest(data(write_rows([ROW, ROW]), max_rows=5), tmp_path).rows == 2


def test_going_back_to_earlier_data_reads_nothing_again(tmp_path, write_rows, monkeypatch):
    from peftline.corpus import ingest as module

    written = []
    store = module._store
    monkeypatch.setattr(module, "_store", lambda c, f: written.append(c.source) or store(c, f))
    a, b = write_rows([ROW], "a.jsonl"), write_rows([ROW, ROW], "b.jsonl")
    first, _, again = (ingest(data(file), tmp_path) for file in (a, b, a))
    assert first == again
    assert written == [str(a), str(b)]


def test_a_changed_file_is_read_again(tmp_path, write_rows):
    before = ingest(data(write_rows([ROW])), tmp_path)
    after = ingest(data(write_rows([ROW | {"output": "5"}])), tmp_path)
    assert before.path != after.path
    assert before.sha256 != after.sha256


@pytest.mark.parametrize("change", [{"seed": 8}, {"max_rows": 3}])
def test_settings_that_choose_rows_make_another_folder(tmp_path, change):
    before = ingest(data("tool_calls"), tmp_path)
    assert ingest(data("tool_calls", **change), tmp_path).path != before.path
