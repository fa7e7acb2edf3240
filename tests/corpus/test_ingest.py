import pytest

from peftline import tool_calls
from peftline.corpus.ingest import ingest

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


def test_rows_are_stored_with_source_file_and_number(take, write_rows):
    file = write_rows([ROW, ROW | {"output": "four"}])
    second = {"source": 0, "file": "rows.jsonl", "row": 2, "value": ROW | {"output": "four"}}
    assert take(file)[1] == second


def test_the_manifest_counts_and_names_without_the_folder(settings, write_rows, tmp_path):
    raw = ingest(settings(write_rows([ROW, ROW])), tmp_path)
    assert (raw.source, raw.rows, raw.rows_per_source) == ("rows.jsonl", 2, [2])


def test_generated_rows_are_those_of_the_generator(take):
    expected = tool_calls.generate(train=4, validation=2, test=2, seed=7)
    assert [row["value"] for row in take("tool_calls", seed=7)] == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.jsonl", ""), ("a.jsonl", "\n \n"), ("a.json", "[]"), ("a.csv", ""), ("a.csv", "a,b\n")],
)
def test_an_empty_source_is_refused(refused, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert refused(tmp_path / name).startswith(f"data.source={name}: the data set is empty.")


def test_going_back_to_earlier_data_reads_nothing_again(
    settings, tmp_path, write_rows, monkeypatch
):
    from peftline.corpus import ingest as module

    written = []
    store = module._store
    monkeypatch.setattr(module, "_store", lambda c, *to: written.append(c.source) or store(c, *to))
    a, b = write_rows([ROW], "a.jsonl"), write_rows([ROW, ROW], "b.jsonl")
    first, _, again = (ingest(settings(file), tmp_path) for file in (a, b, a))
    assert first == again
    assert written == [str(a), str(b)]


def test_a_changed_file_is_read_again(settings, tmp_path, write_rows):
    before = ingest(settings(write_rows([ROW])), tmp_path)
    after = ingest(settings(write_rows([ROW | {"output": "5"}])), tmp_path)
    assert before.path != after.path
    assert before.sha256 != after.sha256


@pytest.mark.parametrize("change", [{"seed": 8}, {"max_rows": 3}])
def test_settings_that_choose_rows_make_another_folder(settings, tmp_path, change):
    before = ingest(settings(), tmp_path)
    assert ingest(settings(**change), tmp_path).path != before.path


@pytest.mark.parametrize("change", [{"format": "alpaca"}, {"columns": {"output": "reply"}}])
def test_settings_that_only_read_rows_share_the_folder(settings, tmp_path, write_rows, change):
    file = write_rows([ROW])
    before = ingest(settings(file), tmp_path)
    assert ingest(settings(file, **change), tmp_path) == before
