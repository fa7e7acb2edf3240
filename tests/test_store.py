import errno
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from peftline import locks, store
from peftline.errors import PeftlineError


def writer(calls, text="x"):
    def write(folder):
        calls.append(folder)
        (folder / "data.txt").write_text(text)
        return {"rows": 3}

    return write


def left_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_hash_does_not_depend_on_the_order_of_keys():
    assert store.sha256_of({"a": 1, "b": [2]}) == store.sha256_of({"b": [2], "a": 1})


@pytest.mark.parametrize(
    "other",
    [
        {"data": "abd", "seed": 1, "nested": {"limit": 512}},
        {"data": "abc", "seed": 2, "nested": {"limit": 512}},
        {"data": "abc", "seed": 1, "nested": {"limit": 513}},
        {"data": "abc", "seed": "1", "nested": {"limit": 512}},
        {"data": "abc", "seed": 1, "nested": {"limit": 512}, "more": None},
    ],
)
def test_a_change_of_any_part_of_the_key_makes_another_folder(tmp_path, other):
    calls = []
    key = {"data": "abc", "seed": 1, "nested": {"limit": 512}}
    first, _ = store.build(tmp_path, key, writer(calls))
    second, _ = store.build(tmp_path, other, writer(calls))
    assert first != second
    assert len(calls) == 2


def test_hash_of_files_depends_on_contents_and_order(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    before = store.sha256_of_files(a, b)
    assert store.sha256_of_files(b, a) != before
    b.write_text("3")
    assert store.sha256_of_files(a, b) != before


def test_bytes_cannot_move_from_one_file_to_the_next_unnoticed(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("12")
    b.write_text("3")
    before = store.sha256_of_files(a, b)
    a.write_text("1")
    b.write_text("23")
    assert store.sha256_of_files(a, b) != before


def test_hash_of_a_package_covers_all_its_files(tmp_path, monkeypatch):
    package = tmp_path / "some_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "inner" / "deep.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import some_package

    before = store.code_hash(some_package)
    (package / "inner" / "deep.py").write_text("x = 2\n")
    assert store.code_hash(some_package) != before


def test_write_runs_once_per_key(tmp_path):
    calls = []
    first = store.build(tmp_path, ["key"], writer(calls))
    again = store.build(tmp_path, ["key"], writer(calls, "never written"))
    assert first == again == (first[0], {"rows": 3})
    assert len(calls) == 1
    assert (first[0] / "data.txt").read_text() == "x"
    assert json.loads((first[0] / "manifest.json").read_text()) == {"rows": 3}


def test_write_fills_a_folder_that_nobody_reads_yet(tmp_path):
    calls = []
    path, _ = store.build(tmp_path, ["key"], writer(calls))
    assert calls[0] != path
    assert not calls[0].exists()


def test_a_failed_build_leaves_nothing_and_is_repeated(tmp_path):
    def fail(folder):
        (folder / "half.txt").write_text("half")
        raise ValueError("broken row")

    with pytest.raises(ValueError, match="broken row"):
        store.build(tmp_path / "layer", ["key"], fail)
    assert left_in(tmp_path / "layer") == []
    calls = []
    path, manifest = store.build(tmp_path / "layer", ["key"], writer(calls))
    assert len(calls) == 1
    assert manifest == {"rows": 3}
    assert left_in(path) == ["data.txt", "manifest.json"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_build_leaves_nothing(tmp_path, interruption):
    def interrupt(folder):
        (folder / "half.txt").write_text("half")
        raise interruption

    with pytest.raises(interruption):
        store.build(tmp_path / "layer", ["key"], interrupt)
    assert left_in(tmp_path / "layer") == []


def test_where_locks_are_of_no_use_the_first_wins_and_nothing_is_taken_from_its_readers(tmp_path):
    def late(folder):
        """Another process finishes the same folder in the meantime."""
        target = tmp_path / store.short_hash("key")
        target.mkdir()
        (target / "manifest.json").write_text('{"by": "first"}')
        return {"by": "late"}

    path, manifest = store.build(tmp_path, "key", late)
    assert manifest == {"by": "first"}
    assert list(tmp_path.iterdir()) == [path]


def test_who_wants_what_another_one_is_making_waits_for_it(tmp_path, monkeypatch):
    waits, calls = threading.Event(), []
    monkeypatch.setattr(locks, "_SHORT_SECONDS", 0)
    monkeypatch.setattr(locks.logger, "warning", lambda *_: waits.set())

    def write(folder):
        calls.append(folder)
        assert waits.wait(30), "nobody waits"
        return {"rows": 3}

    with ThreadPoolExecutor(2) as threads:
        built = [threads.submit(store.build, tmp_path, "key", write) for _ in range(2)]
    assert [one.result()[1] for one in built] == [{"rows": 3}] * 2
    assert len(calls) == 1


def test_a_folder_without_its_manifest_is_built_again(tmp_path):
    calls = []
    path, _ = store.build(tmp_path, ["key"], writer(calls))
    (path / "manifest.json").unlink()
    store.build(tmp_path, ["key"], writer(calls))
    assert len(calls) == 2


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError("write: No space left on device")],
)
def test_a_full_disk_is_explained_and_leaves_nothing(tmp_path, error):
    def fill(folder):
        (folder / "half.txt").write_text("half")
        raise error

    with pytest.raises(PeftlineError) as caught:
        store.build(tmp_path / "layer", ["key"], fill)
    assert "the disk is full" in str(caught.value)
    assert "MiB free" in str(caught.value)
    assert "Free some space" in str(caught.value)
    assert left_in(tmp_path / "layer") == []


def test_other_operating_system_errors_keep_their_name(tmp_path):
    def deny(folder):
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        store.build(tmp_path, ["key"], deny)


@pytest.mark.parametrize("error", [ValueError("wrong"), OSError(errno.ENOSPC, "full")])
def test_replacing_keeps_the_old_folder_after_an_error(tmp_path, error):
    target = tmp_path / "adapter"
    target.mkdir()
    (target / "weights").write_text("old")
    with pytest.raises((ValueError, PeftlineError)):
        with store.replacing(target) as partial:
            (partial / "weights").write_text("new")
            raise error
    assert left_in(tmp_path) == ["adapter"]
    assert (target / "weights").read_text() == "old"


def test_replacing_takes_the_place_of_the_old_folder(tmp_path):
    target = tmp_path / "adapter"
    target.mkdir()
    (target / "stale").write_text("old")
    with store.replacing(target) as partial:
        (partial / "weights").write_text("new")
        assert left_in(target) == ["stale"]
    assert left_in(tmp_path) == ["adapter"]
    assert left_in(target) == ["weights"]


def test_a_replaced_folder_can_be_read_by_others(tmp_path):
    with store.replacing(tmp_path / "adapter"):
        pass
    assert (tmp_path / "adapter").stat().st_mode & 0o777 == 0o755


def test_text_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "summary.json"
    store.write_text(target, "grüße")
    assert target.read_text(encoding="utf-8") == "grüße"
    with pytest.raises(UnicodeEncodeError):
        store.write_text(target, "half \ud800")
    assert target.read_text(encoding="utf-8") == "grüße"
    assert left_in(target.parent) == ["summary.json"]


def test_text_on_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "summary.json"
    store.write_text(target, "old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(PeftlineError, match="the disk is full"):
        store.write_text(target, "new")
    assert target.read_text() == "old"
    assert left_in(tmp_path) == ["summary.json"]


def test_a_full_disk_is_explained_whatever_the_error_that_a_library_makes_of_it(tmp_path):
    class LibraryError(Exception):
        pass

    with pytest.raises(PeftlineError, match="the disk is full"), store.explained(tmp_path / "x"):
        raise LibraryError("I/O error: No space left on device (os error 28)")
    with pytest.raises(LibraryError), store.explained(tmp_path / "x"):
        raise LibraryError("something else")
