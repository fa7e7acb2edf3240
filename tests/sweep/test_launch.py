"""Processes of a sweep: one holds it, runs share the processors, an interrupt ends them all."""

import os
import subprocess
import sys
import threading

import pytest

from peftline.errors import PeftlineError
from peftline.sweep import launch
from peftline.sweep.launch import Launcher, hold, shares, why

CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def launcher(tmp_path):
    with hold(tmp_path / ".lock") as lock:
        yield Launcher(tmp_path, lock, 1, {"sweep": "s"})


def test_what_a_run_prints_and_is_given_is_kept(launcher, tmp_path, monkeypatch):
    shows = "import os, sys; print(os.environ['PEFTLINE_RUN_TAGS'], open(sys.argv[1]).read())"
    monkeypatch.setattr(launch, "command", lambda file: [sys.executable, "-c", shows, str(file)])
    ended = launcher.run(tmp_path / "run", {"pipelines": "lora"}, {"stage": "final"})
    log = (tmp_path / "run" / "log.txt").read_text()
    assert ended.code == 0
    assert '{"sweep": "s", "stage": "final"}' in log and "pipelines: lora" in log


def test_waiting_for_processors_is_no_part_of_a_runs_time(launcher, tmp_path, monkeypatch):
    clock = [0.0]

    def waited():
        clock[0] += 600
        return []

    monkeypatch.setattr(launch, "monotonic", lambda: clock[0])
    monkeypatch.setattr(launcher._slots, "get", waited)
    monkeypatch.setattr(launch, "command", lambda file: [sys.executable, "-c", ""])
    assert launcher.run(tmp_path / "run", {}, {}) == (0, 0.0)


def test_stopping_ends_what_runs_and_starts_nothing_more(launcher, tmp_path, monkeypatch):
    started, ended = threading.Event(), []
    monkeypatch.setattr(launch, "command", lambda file: SLEEPS)
    real = launcher._open
    monkeypatch.setattr(launcher, "_open", lambda *given: [real(*given), started.set()][0])

    def work():
        try:
            launcher.run(tmp_path / "run", {}, {})
        except InterruptedError:
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    launcher.stop()
    thread.join()
    assert ended == [True]
    with pytest.raises(InterruptedError):
        launcher.run(tmp_path / "second", {}, {})


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 15)", "sys.exit(143)", "sys.exit(129)"])
def test_a_run_that_somebody_has_ended_is_an_interrupt_and_no_failure(
    launcher, tmp_path, monkeypatch, how
):
    ends = [sys.executable, "-c", f"import os, sys; {how}"]
    monkeypatch.setattr(launch, "command", lambda file: ends)
    with pytest.raises(InterruptedError, match="run was ended by a signal"):
        launcher.run(tmp_path / "run", {}, {})


def test_a_second_process_waits_until_the_first_lets_go(tmp_path):
    code = (
        "import sys; from pathlib import Path; from peftline.sweep.launch import hold;"
        "hold(Path(sys.argv[1])); print('mine')"
    )
    with hold(tmp_path / ".lock"):
        second = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / ".lock")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = second.stderr.readline()
        assert f"this sweep is run by process {os.getpid()} of" in line and "Waiting" in line
        assert second.poll() is None
    assert second.communicate()[0] == "mine\n"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system assigns no cores")
def test_runs_share_the_processors(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4})
    assert list(shares(1)) == [[]]  # all of them, as they are
    assert list(shares(2)) == [[0, 2, 4], [1, 3]]
    with pytest.raises(PeftlineError, match="Give --jobs=5 or less"):
        shares(6)


@pytest.mark.skipif(len(CORES) < 2, reason="there is one core, or none can be assigned")
def test_a_run_is_given_its_processors_and_a_session_of_its_own(tmp_path, monkeypatch):
    core = min(CORES)
    says = (
        "import os, time\n"
        "for _ in range(500):\n"  # they are given to what runs already
        "    if len(os.sched_getaffinity(0)) > 1: time.sleep(0.01)\n"
        "print(os.sched_getaffinity(0), os.environ['OMP_NUM_THREADS'], os.getsid(0))"
    )
    monkeypatch.setattr(launch, "command", lambda file: [sys.executable, "-c", says])
    monkeypatch.setattr(launch, "shares", lambda jobs: iter([[core]]))
    with hold(tmp_path / ".lock") as lock:
        launch.Launcher(tmp_path, lock, 1, {}).run(tmp_path / "run", {}, {})
    cores, threads, session = (tmp_path / "run" / "log.txt").read_text().split()
    assert (cores, threads) == (f"{{{core}}}", "1")
    assert int(session) != os.getsid(0)


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("INFO a\nError: rows.jsonl is empty.\nFill it.\n", 1, "rows.jsonl is empty. Fill it."),
        ("Traceback\nValueError: no\n", 1, "ValueError: no"),
        ("", 1, "it said nothing"),
        ("half a line", -9, "killed by signal 9, often for want of memory"),
        ("half a line", -11, "killed by signal 11"),
    ],
)
def test_the_reason_of_a_failure_is_its_last_error(tmp_path, log, code, reason):
    (tmp_path / "log.txt").write_bytes(b"\xff\n" + log.encode() if log else b"")
    assert why(tmp_path / "log.txt", code) == reason
