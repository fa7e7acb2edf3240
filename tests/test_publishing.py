"""A run's result takes its place whole or not at all, whenever its process is killed."""

import pathlib
import shutil

import pytest

from peftline import publishing

NAMES = ("06_models/lora/adapter", "07_model_output/lora.json", "08_reporting/lora/summary.json")


def write(root, text):
    """A result: a folder and two files."""
    for name in NAMES:
        path = root / name / "weights" if name.endswith("adapter") else root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def content(root):
    """All files that are seen, and what is in them."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and publishing.RUNNING not in path.parts
    }


@pytest.fixture
def root(tmp_path):
    """A root with a former result, and a new one that has not taken its place."""
    root = tmp_path / "data"
    write(root, "former")
    (root / "06_models/lora/merged").mkdir()
    (root / "06_models/lora/merged/weights").write_text("former")
    write(root / publishing.RUNNING / "lora-seed-42", "new")
    return root


def publish(root):
    publishing.publish(
        root,
        root / publishing.RUNNING / "lora-seed-42",
        [root / name for name in NAMES],
        gone=[root / "06_models/lora/merged"],
    )


def new(root):
    shown = {f"{name}/weights" if name.endswith("adapter") else name: "new" for name in NAMES}
    return dict(sorted(shown.items()))


def test_what_is_published_takes_the_place_of_the_former(root):
    publish(root)
    assert content(root) == new(root)
    assert list((root / publishing.RUNNING).iterdir()) == []


class Killed(BaseException):
    """Stands for a process that does nothing more."""


def killed_at(step, monkeypatch):
    """From the so manieth change of a file or folder on, nothing is changed any more."""
    steps = [0]

    def dying(real):
        def change(*arguments, **names):
            steps[0] += 1
            if steps[0] > step:
                raise Killed
            return real(*arguments, **names)

        return change

    for owner, name in (
        (pathlib.Path, "replace"),
        (pathlib.Path, "unlink"),
        (shutil, "rmtree"),
        (publishing.store, "write_text"),
    ):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))


@pytest.mark.parametrize("linked", [False, True], ids=["one disk", "a layer on another disk"])
def test_killed_at_any_step_there_is_the_former_result_or_the_new_one(root, monkeypatch, linked):
    former, seen = content(root), []
    if linked:
        cross_disks(monkeypatch)
    for step in range(100):
        tried = root.with_name(f"try-{step}")
        shutil.copytree(root, tried)
        with monkeypatch.context() as patch:
            killed_at(step, patch)
            try:
                publish(tried)
                killed = False
            except Killed:
                killed = True
        with publishing.settled(tried):
            found = content(tried)
        assert found in (former, new(root)), step
        seen.append(found == former)
        if not killed:
            break
    assert True in seen and False in seen
    assert seen == sorted(seen, reverse=True), "the former one does not come back"


def cross_disks(monkeypatch):
    """Renaming between the folder of a run and the root is refused, as between two disks."""
    import errno

    real = pathlib.Path.replace

    def replace(self, target):
        inside = [publishing.RUNNING in pathlib.Path(path).parts for path in (self, target)]
        if inside[0] != inside[1]:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(pathlib.Path, "replace", replace)


def test_whoever_looks_in_between_sees_no_mixture(root, monkeypatch):
    """The summary, by which a run exists, goes first and comes last."""
    seen = []
    real = publishing._move

    def move(*arguments):
        seen.append((root / NAMES[-1]).exists())
        return real(*arguments)

    monkeypatch.setattr(publishing, "_move", move)
    publish(root)
    assert seen == [False] * len(NAMES)


def test_where_nothing_was_published_reading_leaves_nothing(tmp_path):
    with publishing.settled(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_who_reads_passes(root):
    with pytest.raises(PermissionError), publishing.settled(root):
        raise PermissionError(13, "not of the lock")
