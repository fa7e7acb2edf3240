"""Which commit of a hub data set is read."""

import json
import os
from types import SimpleNamespace

import pytest

from peftline.corpus import hub
from peftline.corpus.ingest import ingest

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}
OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def remote(monkeypatch):
    """A hub with one data set, whose branches move; without `commits` there is no network."""
    import datasets
    import huggingface_hub

    state = SimpleNamespace(commits={None: OLD}, loaded=[])

    class Api:
        def dataset_info(self, name, revision, timeout):
            assert (name, timeout) == ("a/b", hub._PATIENCE)
            if not state.commits:
                raise ConnectionError("no network")
            return SimpleNamespace(sha=state.commits[revision])

    def load(name, subset, split, revision):
        state.loaded.append(revision)
        return datasets.Dataset.from_list([ROW | {"output": str(revision)}])

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(datasets, "load_dataset", load)
    return state


@pytest.fixture
def read(settings, tmp_path):
    return lambda **changes: ingest(settings("a/b", **changes), tmp_path)


def test_a_data_set_that_has_changed_is_read_again(remote, read):
    first = read()
    assert read() == first
    remote.commits = {None: NEW}
    assert read().sha256 != first.sha256
    assert remote.loaded == [OLD, NEW]
    assert read().commits == {"a/b@main": NEW}


def test_a_tag_is_followed_and_a_commit_is_not_asked_for(remote, read):
    remote.commits = {"v1": NEW}
    assert read(revision="v1").commits == {"a/b@v1": NEW}
    remote.commits = {}
    assert read(revision=OLD).commits == {f"a/b@{OLD}": OLD}
    assert remote.loaded == [NEW, OLD]


def test_without_network_what_was_fetched_last_is_used(remote, read, caplog):
    for at, sha in enumerate((NEW, OLD)):
        remote.commits = {None: sha}
        os.utime(read().path / "manifest.json", (at, at))
    last = read()
    remote.commits = {}
    assert read() == last
    assert remote.loaded == [NEW, OLD]
    assert f"does not tell its commit (no network). Taken is what was fetched before ({OLD})" in (
        caplog.text
    )


def test_without_network_a_folder_that_is_half_written_is_not_what_was_fetched(
    remote, read, tmp_path
):
    last = read()
    partial = tmp_path / "01_raw" / f".{last.path.name}.partial"
    partial.mkdir()
    (partial / "manifest.json").write_text(json.dumps({"commits": {"a/b@main": NEW}}))
    os.utime(partial / "manifest.json", (2**31, 2**31))
    remote.commits = {}
    assert read() == last


def test_without_network_the_first_time_the_revision_is_left_to_the_loader(remote, read, caplog):
    remote.commits = {}
    assert read(revision="v1").commits == {"a/b@v1": "v1"}
    assert "if anything was" in caplog.text
