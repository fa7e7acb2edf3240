"""One run of a sweep in a process of its own."""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import IO, Any, NamedTuple

import yaml

from peftline import locks, store
from peftline.errors import PeftlineError
from peftline.sweep.child import ENDED
from peftline.tracking.tags import tags_for_environment

logger = logging.getLogger(__name__)
# Exit codes of a run that somebody has ended, before and after it listens to the signals.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = {code for number in _SIGNALS for code in (-number, 128 + number)}
_TERMINATE_SECONDS = 30  # in which an interrupted run closes its record; then it is killed


class Ended(NamedTuple):
    """A process that has ended."""

    code: int
    """Its exit code."""
    seconds: float
    """From its start; waiting for processors does not count."""


class Launcher:
    """Starts runs, each on its share of the processors, and stops them all together."""

    def __init__(self, project: Path, lock: IO[str], jobs: int, tags: dict[str, str]) -> None:
        """Args:
        project: folder of the project.
        lock: of the sweep, see `hold`.
        jobs: runs at the same time.
        tags: of every run on the tracking server.
        """
        self._project, self._tags = project, tags
        self._slots: queue.Queue[list[int]] = queue.Queue()
        for cores in shares(jobs):
            self._slots.put(cores)
        self._running: set[subprocess.Popen] = set()
        self._stopped = False
        self._lock, self._changing = lock, Lock()

    def run(self, folder: Path, arguments: dict[str, Any], tags: dict[str, str]) -> Ended:
        """Run pipelines as `kedro run` does; what it prints goes to `log.txt`.

        Args:
            folder: of the run's results; also gets `run.yml`, with which the run can be repeated.
            arguments: of `kedro run`, as in a file for its `--config`.
            tags: of this run on the tracking server.

        Raises:
            InterruptedError: the sweep was stopped.
        """
        config = written(folder, arguments)
        cores = self._slots.get()
        begin = monotonic()
        try:
            with (folder / "log.txt").open("w", encoding="utf-8") as log:
                process = self._start(config, log, cores, self._tags | tags)
                code = process.wait()
        finally:
            self._slots.put(cores)
        self._running.discard(process)
        if self._stopped or code in _INTERRUPTED:
            raise InterruptedError(f"{folder.name} was ended by a signal.")
        return Ended(code, monotonic() - begin)

    def stop(self) -> None:
        """End what runs, as Ctrl-C would, and start nothing more."""
        with self._changing:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(_TERMINATE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(
        self, config: Path, log: IO[str], cores: list[int], tags: dict[str, str]
    ) -> subprocess.Popen:
        environment = os.environ | tags_for_environment(tags)
        if cores:
            environment["OMP_NUM_THREADS"] = str(len(cores))
        with self._changing:
            if self._stopped:
                raise InterruptedError("The sweep was stopped.")
            process = self._open(config, log, environment)
            self._running.add(process)
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, cores)
        return process

    def _open(self, config: Path, log: IO[str], environment: dict[str, str]) -> subprocess.Popen:
        return subprocess.Popen(  # noqa: S603
            command(config),
            cwd=self._project,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            # Ctrl-C reaches this process alone, which then ends its runs in order.
            start_new_session=True,
            # If this process is killed, its run holds the lock until it has ended too.
            pass_fds=[self._lock.fileno()],
        )


def written(folder: Path, arguments: dict[str, Any]) -> Path:
    """The arguments of a run as a file; what came of a former run is gone."""
    (folder / ENDED).unlink(missing_ok=True)
    store.write_text(folder / "run.yml", yaml.safe_dump({"run": arguments}, sort_keys=False))
    return folder / "run.yml"


def command(config: Path) -> list[str]:
    """What starts a run with the arguments of a file."""
    return [sys.executable, "-m", "peftline.sweep.child", str(config)]


def ended(folder: Path) -> Ended | None:
    """What came of the last run in a folder; None if it has not come to its end."""
    try:
        return Ended(**json.loads((folder / ENDED).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # cut short by a power cut
        return None


def why(log: Path, code: int) -> str:
    """The reason that a failed run gave: its last error, or the last line that it printed."""
    if code < 0:
        return f"killed by signal {-code}" + (", often for want of memory" if code == -9 else "")
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [at for at, line in enumerate(lines) if line.startswith("Error:")]
    said = lines[errors[-1] :] if errors else lines[-1:]
    return " ".join(said).removeprefix("Error:").strip() or "it said nothing"


def shares(jobs: int) -> Iterator[list[int]]:
    """The processors of each of several runs; nothing to share out for a single one.

    Two runs that share two cores stand in each other's way; each on one core, both take 1.4 times
    as long as one alone on two.

    Raises:
        PeftlineError: there are fewer processors than runs.
    """
    if jobs == 1 or not hasattr(os, "sched_getaffinity"):
        return iter([[]] * jobs)
    cores = sorted(os.sched_getaffinity(0))
    if jobs > len(cores):
        raise PeftlineError(
            f"--jobs={jobs}: this process may use {len(cores)} processors, and each run needs one. "
            f"Give --jobs={len(cores)} or less."
        )
    return (cores[at::jobs] for at in range(jobs))


def hold(file: Path) -> IO[str]:
    """Wait until no other process, and no run that one has left behind, works on this sweep.

    Taken by hand: the runs inherit this file, which `filelock` does not let them.
    """
    import fcntl

    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logger.warning(
            "%s: this sweep is run %s, or a run that it had started still goes on. Waiting for it.",
            file.parent,
            locks.holder(file),
        )
        fcntl.flock(lock, fcntl.LOCK_EX)
    locks.sign(file)
    return lock
