import pytest

from peftline.datasets.text import AtomicJSONDataset, JSONLinesDataset, TextDataset

ROWS = [{"id": 1, "text": "grüße\n\u2028"}, {"id": 2, "scores": {"exact": True}}]


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        (AtomicJSONDataset, {"a": [1, None, "ü"]}),
        (AtomicJSONDataset, {}),
        (JSONLinesDataset, ROWS),
        (JSONLinesDataset, []),
        (TextDataset, "<p>grüße</p>\n"),
    ],
)
def test_what_is_saved_is_loaded(cls, value, tmp_path):
    dataset = cls(str(tmp_path / "deep" / "file"))
    assert not dataset.exists()
    dataset.save(value)
    assert dataset.exists()
    assert dataset.load() == value
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


def test_a_value_that_is_no_json_keeps_the_old_file(tmp_path):
    dataset = AtomicJSONDataset(str(tmp_path / "file.json"))
    dataset.save({"a": 1})
    with pytest.raises(Exception, match="not JSON serializable"):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}


def test_json_is_readable_by_people(tmp_path):
    dataset = AtomicJSONDataset(str(tmp_path / "file.json"))
    dataset.save({"name": "grüße"})
    assert dataset.preview() == '{\n  "name": "grüße"\n}\n'


def test_a_table_is_previewed_with_all_columns_and_few_rows(tmp_path):
    dataset = JSONLinesDataset(str(tmp_path / "rows.jsonl"))
    dataset.save(ROWS * 30)
    preview = dataset.preview(nrows=2)
    assert preview["columns"] == ["id", "text", "scores"]
    assert preview["index"] == [0, 1]
    assert preview["data"] == [[1, "grüße\n\u2028", None], [2, None, '{"exact": true}']]


def test_numbers_that_are_not_finite_are_null_in_json(tmp_path):
    dataset = AtomicJSONDataset(str(tmp_path / "file.json"))
    dataset.save({"loss": float("nan"), "losses": [1.0, float("inf")], "n": 3})
    assert dataset.load() == {"loss": None, "losses": [1.0, None], "n": 3}


def test_in_a_run_it_writes_into_the_runs_folder_and_reads_what_the_run_has_written(tmp_path):
    file, staging = tmp_path / "08_reporting" / "summary.json", tmp_path / ".running" / "lora"
    AtomicJSONDataset(str(file)).save("former")
    dataset = AtomicJSONDataset(str(file))
    dataset.stage(tmp_path, staging)
    assert dataset.load() == "former" and not dataset.is_staged()
    dataset.save("new")
    assert dataset.load() == "new" and dataset.is_staged()
    assert (staging / "08_reporting/summary.json").exists()
    assert AtomicJSONDataset(str(file)).load() == "former"
    assert dataset._describe() == {"filepath": str(file)}
    dataset.show()
    assert AtomicJSONDataset(str(file)).load() == "new" and dataset.is_staged()
