"""What a killed process has left unfinished is removed; what a living one works on is not."""

import os
import subprocess
import sys

import pytest

from peftline import partials, store

KILLED = """
import os, signal, sys
from pathlib import Path
from peftline import store

def write(folder):
    (folder / "half.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

store.build(Path(sys.argv[1]), "key", write)
"""


def hidden(folder):
    return sorted(path.name for path in folder.glob(".*"))


@pytest.fixture
def ended():
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def unfinished(target, process, machine=None):
    path = target.with_name(f".{target.name}.{machine or partials._machine()}-{process}.abcd")
    path.mkdir()
    (path / "half").write_text("half")
    return path


def test_a_folder_that_a_killed_build_has_left_goes_with_the_next_one(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert any((tmp_path / name / "half.txt").exists() for name in hidden(tmp_path))
    path, manifest = store.build(tmp_path, "key", lambda folder: {"rows": 3})
    assert manifest == {"rows": 3}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [partials.folder, partials.file])
def test_what_living_processes_of_this_machine_and_others_work_on_stays(tmp_path, kind, ended):
    target = tmp_path / "key"
    living = unfinished(target, os.getpid())
    elsewhere = unfinished(target, ended, "othermachine")
    gone = [unfinished(tmp_path / name, ended) for name in ("key", "never built again")]
    with kind(target):
        assert living.exists() and elsewhere.exists()
        assert not any(path.exists() for path in gone)


def test_a_name_for_later_is_known_as_that_of_this_process(tmp_path, ended, monkeypatch):
    assert not partials.unused(tmp_path / "missing" / "key").parent.exists()
    folder = partials.unused(tmp_path / "key")
    folder.mkdir()
    partials.remove_left_behind(tmp_path)
    assert folder.exists()
    monkeypatch.setattr(os, "getpid", lambda: ended)
    left = partials.unused(tmp_path / "key")
    left.mkdir()
    partials.remove_left_behind(tmp_path)
    assert not left.exists() and folder.exists()
