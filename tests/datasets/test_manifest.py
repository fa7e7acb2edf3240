import json
import shutil

import pytest

from peftline.config import Config
from peftline.datasets.manifest import ManifestDataset
from peftline.handles import RawRows, Splits


@pytest.fixture
def stored(tmp_path):
    root = tmp_path / "project" / "data"
    folder = root / "01_raw" / "0123"
    folder.mkdir(parents=True)
    handle = RawRows(path=folder, sha256="abc", source="rows.jsonl", rows=3, rows_per_source=[3])
    dataset = dataset_in(root)
    dataset.save(handle)
    return root, handle


def dataset_in(root, handle="peftline.handles.RawRows"):
    return ManifestDataset(str(root / "01_raw" / "raw.json"), handle=handle)


def test_a_handle_is_loaded_as_it_was_saved(stored):
    root, handle = stored
    assert dataset_in(root).load() == handle


def test_the_folder_is_stored_relative_to_the_manifest(stored):
    root, _ = stored
    content = json.loads((root / "01_raw" / "raw.json").read_text())
    assert content == {
        "path": "0123",
        "sha256": "abc",
        "source": "rows.jsonl",
        "rows": 3,
        "rows_per_source": [3],
        "files_not_read": [],
        "commits": {},
    }


def test_a_project_can_be_moved(stored, tmp_path):
    root, _ = stored
    moved = tmp_path / "elsewhere"
    shutil.move(root, moved)
    loaded = dataset_in(moved).load()
    assert loaded.path == moved / "01_raw" / "0123"
    assert loaded.path.is_dir()


def test_a_relative_manifest_gives_an_absolute_folder(stored, monkeypatch):
    root, handle = stored
    monkeypatch.chdir(root)
    dataset = ManifestDataset("01_raw/raw.json", handle="peftline.handles.RawRows")
    assert dataset.load().path == handle.path


def test_a_manifest_of_another_kind_is_refused(stored):
    root, _ = stored
    with pytest.raises(Exception, match="Splits"):
        dataset_in(root, f"{Splits.__module__}.Splits").load()


def test_what_was_loaded_or_saved_once_is_given_from_then_on(stored):
    """Another run of the same root replaces the file in the meantime."""
    root, handle = stored
    reads, writes = dataset_in(root), dataset_in(root)
    assert reads.load() == handle
    writes.save(handle)
    dataset_in(root).save(handle.model_copy(update={"sha256": "other"}))
    assert reads.load() == writes.load() == handle
    assert dataset_in(root).load().sha256 == "other"


def test_several_handles_in_one_file_are_stored_relative_to_it_too(stored, tmp_path):
    root, handle = stored
    several = f"{__name__}.Several"
    file = str(root / "08_reporting" / "inputs.json")
    ManifestDataset(file, handle=several).save(Several(first=handle, name="x"))
    shutil.move(root, tmp_path / "elsewhere")
    moved = ManifestDataset(file.replace("project/data", "elsewhere"), handle=several).load()
    assert moved.first.path == tmp_path / "elsewhere" / "01_raw" / "0123"
    assert moved.name == "x"


class Several(Config):
    first: RawRows
    name: str
