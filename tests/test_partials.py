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
    another = unfinished(tmp_path / "key2", ended)
    gone = unfinished(target, ended)
    with kind(target):
        assert living.exists() and elsewhere.exists() and another.exists()
        assert not gone.exists()


def test_a_name_is_no_pattern(tmp_path, ended):
    kept = unfinished(tmp_path / "ab", ended)
    with partials.folder(tmp_path / "a*"):
        assert kept.exists()
