"""Files, folders, globs, hub data sets, and mixtures of them."""

import json
import shutil
from collections import Counter

import pytest

from peftline.corpus.ingest import ingest

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


def numbered(count, name=""):
    return [ROW | {"input": f"{name}{i}"} for i in range(count)]


def origins(rows):
    return [(row["file"], row["row"]) for row in rows]


@pytest.fixture
def folder(tmp_path):
    """A folder with data at two depths, and with what is no data."""
    folder = tmp_path / "many"
    for name in ("inner", ".hidden"):
        (folder / name).mkdir(parents=True)
        (folder / name / "c.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "b.jsonl").write_text(json.dumps(ROW) + "\n")
    (folder / "a.json").write_text(json.dumps([ROW, ROW]))
    (folder / "notes.md").write_text("not data")
    (folder / "._a.json").write_text("not data")
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text("{}")
    return folder


def test_a_folder_gives_the_rows_of_all_its_files_in_order(take, folder):
    expected = [("a.json", 1), ("a.json", 2), ("b.jsonl", 1), ("inner/c.jsonl", 1)]
    assert origins(take(folder)) == expected


def test_where_files_lie_is_no_part_of_what_they_are(settings, folder, tmp_path, monkeypatch):
    first = ingest(settings(folder), tmp_path)
    monkeypatch.chdir(tmp_path)
    assert ingest(settings("many"), tmp_path) == first
    shutil.copytree(folder, tmp_path / "moved/many")
    assert ingest(settings(tmp_path / "moved/many"), tmp_path) == first
    shutil.copytree(folder, tmp_path / "moved/other")
    assert ingest(settings(tmp_path / "moved/other"), tmp_path).source == "other"


def test_a_folder_that_datasets_has_saved_is_read(take, tmp_path):
    import datasets

    datasets.Dataset.from_list(numbered(3)).save_to_disk(tmp_path / "saved")
    assert [row["value"] for row in take(tmp_path / "saved")] == numbered(3)


def test_what_map_has_left_beside_saved_rows_is_not_read_again(settings, tmp_path):
    import datasets

    datasets.Dataset.from_list(numbered(3)).save_to_disk(tmp_path / "saved")
    datasets.load_from_disk(tmp_path / "saved").map(lambda row: {"output": row["output"] + "!"})
    raw = ingest(settings(tmp_path / "saved"), tmp_path)
    assert raw.rows == 3
    assert [name.split("-")[0] for name in raw.files_not_read] == ["cache"]


@pytest.mark.parametrize("pattern", ["all", "all/saved", "all/saved/*/*.arrow"])
def test_rows_of_saved_splits_stay_on_their_sides(take, tmp_path, pattern):
    import datasets

    splits = {"train": "train", "dev": "validation", "test_small": "test", "rest": None}
    saved = {name: datasets.Dataset.from_list(numbered(1, name)) for name in splits}
    datasets.DatasetDict(saved).save_to_disk(tmp_path / "all" / "saved")
    found = {row["value"]["input"]: row["value"].get("split") for row in take(tmp_path / pattern)}
    assert found == {f"{name}0": side for name, side in splits.items()}


def test_a_side_that_a_row_gives_itself_goes_before_that_of_its_folder(take, tmp_path):
    import datasets

    rows = [ROW | {"split": "test"}, ROW | {"split": None}]
    saved = datasets.DatasetDict(train=datasets.Dataset.from_list(rows))
    saved.save_to_disk(tmp_path / "saved")
    assert [row["value"]["split"] for row in take(tmp_path / "saved")] == ["test", "train"]


def test_files_that_are_not_read_are_counted_and_named(settings, folder, tmp_path, caplog):
    for name in ("B.JSONL", "c.ndjson", "d.jsonl.zst"):
        (folder / name).write_text(json.dumps(ROW) + "\n")
    raw = ingest(settings(folder), tmp_path)
    assert raw.rows == 6
    assert raw.files_not_read == ["d.jsonl.zst", "notes.md"]
    assert "many: 2 files there are not read: d.jsonl.zst, notes.md." in caplog.text


def test_files_of_one_name_are_told_apart_in_a_glob(take, tmp_path):
    for name in "ab":
        (tmp_path / "many" / name).mkdir(parents=True)
        (tmp_path / "many" / name / "x.jsonl").write_text(json.dumps(ROW) + "\n")
    assert origins(take(tmp_path / "many" / "*" / "x.jsonl")) == [
        ("a/x.jsonl", 1),
        ("b/x.jsonl", 1),
    ]


def test_a_glob_gives_the_files_that_match(take, folder):
    assert origins(take(folder / "*.jsonl")) == [("b.jsonl", 1)]
    deep = take(folder / "**" / "*.jsonl")
    assert origins(deep) == [("b.jsonl", 1), ("inner/c.jsonl", 1)]
    assert take(folder / "**" / "**" / "*.jsonl") == deep


@pytest.mark.parametrize("name", ["absent.jsonl", "absent.csv", "a/b/absent", "absent", "./absent"])
def test_a_missing_file_is_named_with_what_is_accepted(refused, name):
    found = refused(name)
    assert found.startswith(f"data.source={name}: there is no such file or folder")
    assert ".jsonl" in found
    assert "tool_calls" in found


def test_an_empty_name_is_no_folder(refused):
    assert "there is no such file or folder" in refused("")


@pytest.mark.parametrize("name", ["empty", "empty/*.jsonl", "empty/*.md"])
def test_a_place_without_data_says_what_it_looked_for(refused, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.md").write_text("not data")
    found = refused(tmp_path / name)
    assert (
        "there is no file that ends in .json, .jsonl, .ndjson, .csv, .parquet, .arrow (or .gz)."
        in found
    )
    assert ("Files that are there: notes.md." in found) == ("jsonl" not in name)


def test_a_hub_name_without_network_says_so_and_offers_the_generated_data(refused):
    found = refused("someone/something")
    assert found.startswith("data.source=someone/something: neither a file here nor a hub data set")
    assert "tool_calls" in found


def test_rows_of_a_hub_data_set_are_taken_as_asked_for(take, monkeypatch):
    import datasets

    def load(*names, **settings):
        assert (names, settings) == (("a/b", "main"), {"split": "test", "revision": "v1"})
        return datasets.Dataset.from_list([ROW, ROW | {"input": None}])

    monkeypatch.setattr(datasets, "load_dataset", load)
    rows = take("a/b", subset="main", split="test", revision="v1")
    assert origins(rows) == [("a/b", 1), ("a/b", 2)]
    assert "input" not in rows[1]["value"]


def test_max_rows_are_chosen_by_content_not_by_position(take, write_rows):
    forward = take(write_rows(numbered(20), "a.jsonl"), max_rows=5)
    backward = take(write_rows(numbered(20)[::-1], "b.jsonl"), max_rows=5)
    chosen = [{row["value"]["input"] for row in rows} for rows in (forward, backward)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 5
    numbers = [row["row"] for row in forward]
    assert numbers == sorted(numbers)


def test_other_seeds_choose_other_rows(take, write_rows):
    file = write_rows(numbered(40))
    one, two = (origins(take(file, max_rows=10, seed=seed)) for seed in (1, 2))
    assert one != two


def test_max_rows_larger_than_the_file_takes_all(take, write_rows):
    assert len(take(write_rows([ROW, ROW]), max_rows=5)) == 2


@pytest.fixture
def mixed(take, write_rows):
    """Rows taken from files of given sizes under given settings."""

    def run(*parts):
        mixture = [
            {"source": str(write_rows(numbered(size, f"{at}-"), f"{at}.jsonl")), **settings}
            for at, (size, settings) in enumerate(parts)
        ]
        return take("tool_calls", mixture=mixture)

    return run


def sizes(rows):
    counts = Counter(row["source"] for row in rows)
    return [counts[source] for source in sorted(counts)]


def test_a_mixture_takes_all_rows_of_all_sources(mixed):
    rows = mixed((5, {}), (3, {}), (2, {"max_rows": 1}))
    assert sizes(rows) == [5, 3, 1]
    assert list(dict.fromkeys(row["file"] for row in rows)) == ["0.jsonl", "1.jsonl", "2.jsonl"]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((1, 1), [30, 30]),
        ((3, 1), [90, 30]),
        ((9, 1), [100, 11]),
        ((0.5, 0.5), [30, 30]),
        ((1, None), [100, 30]),
        ((1000, 1), [100, 1]),
    ],
)
def test_weights_are_the_shares_in_a_mixture(mixed, weights, expected):
    one, two = ({"weight": weight} for weight in weights)
    rows = mixed((100, one), (30, two))
    assert sizes(rows) == expected
    assert len(set(origins(rows))) == len(rows), "a row was taken twice"


def test_an_empty_source_of_a_mixture_is_named(refused, write_rows):
    files = [write_rows([ROW], "a.jsonl"), write_rows([], "b.jsonl")]
    for weight in ({}, {"weight": 1}):
        found = refused("tool_calls", mixture=[{"source": str(f), **weight} for f in files])
        assert found.startswith("data.source=b.jsonl: the data set is empty")
