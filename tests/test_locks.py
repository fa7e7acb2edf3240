"""Who holds a lock is told; a process that ends lets go of it, whatever way it ends."""

import os
import signal
import subprocess
import sys

import pytest

from peftline import locks
from peftline.errors import PeftlineError

HOLDS = """
import sys
from pathlib import Path
from peftline import locks
with locks.held(Path(sys.argv[1]), "The place"):
    print("holds", flush=True)
    sys.stdin.read()
"""
WAITS = """
import sys
from pathlib import Path
from peftline import locks
locks._SHORT_SECONDS = 0
with locks.held(Path(sys.argv[1]), "The place"):
    print("mine", flush=True)
"""


def start(code, file):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "place.lock"


@pytest.fixture
def holder(file):
    process = start(HOLDS, file)
    assert process.stdout.readline() == "holds\n"
    yield process
    process.kill()
    process.communicate()


def take(file):
    with locks.held_alone(file, "The place", "Wait until it has ended."):
        return True


def test_a_second_process_is_refused_and_told_who_is_there_and_what_to_do(file, holder):
    with pytest.raises(PeftlineError) as caught:
        take(file)
    message = str(caught.value)
    assert message.startswith(f"The place is in use by process {holder.pid} of ")
    assert f"(-c {file}), since 20" in message
    assert message.endswith(". Wait until it has ended.")


def test_a_lock_is_free_again_once_its_process_has_been_killed(file, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert file.exists(), "nobody has tidied up"
    assert take(file)


def test_whoever_waits_says_for_whom_and_then_goes_on(file):
    with locks.held(file, "The place"):
        waiting = start(WAITS, file)
        assert f"The place is in use by process {os.getpid()} of" in waiting.stderr.readline()
        assert waiting.poll() is None
    assert waiting.communicate()[0] == "mine\n"


def test_nothing_is_left_of_a_lock_that_nobody_holds(file):
    assert take(file) and take(file)
    with pytest.raises(ValueError, match="within"), locks.held(file, "The place"):
        raise ValueError("within")
    assert list(file.parent.iterdir()) == []


def test_a_holder_that_has_not_said_yet_who_it_is_holds_all_the_same(file, holder):
    file.with_name(f"{file.name}.holder").write_text('{"pid"')
    with pytest.raises(PeftlineError, match="in use by another process"):
        take(file)
