"""Locks between processes: they say who holds them, and end with the process that does.

`filelock` takes them with flock, so the system lets go of them whatever way a process ends, SIGKILL
included. Who holds one stands in a file beside it; that file is of no use to the lock itself.
"""

import contextlib
import getpass
import json
import logging
import os
import platform
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from peftline.errors import PeftlineError

logger = logging.getLogger(__name__)
_SHORT_SECONDS = 2.0  # of waiting that are not worth a line in the log


@contextlib.contextmanager
def held(file: Path, what: str) -> Iterator[None]:
    """Hold a lock while the block runs; wait for it, with a line in the log that says for whom.

    Args:
        file: of the lock. It is gone once nobody holds it; its folder stays.
        what: is locked, for that line.
    """
    lock = _lock(file)
    try:
        lock.acquire(timeout=_SHORT_SECONDS)
    except Timeout:
        logger.warning("%s is in use %s. Waiting for it.", what, holder(file))
        lock.acquire()
    with _signed(lock, file):
        yield


@contextlib.contextmanager
def held_alone(file: Path, what: str, instead: str) -> Iterator[None]:
    """Hold a lock while the block runs, or refuse at once.

    Args:
        file: of the lock.
        what: is locked, for the message.
        instead: what can be done, for the message: a sentence.

    Raises:
        PeftlineError: another process holds it; the message says which one and since when.
    """
    lock = _lock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise PeftlineError(f"{what} is in use {holder(file)}. {instead}") from None
    with _signed(lock, file):
        yield


def holder(file: Path) -> str:
    """Who holds a lock, as the end of a sentence."""
    try:
        card = json.loads(_card(file).read_text(encoding="utf-8"))
        return (
            f"by process {card['pid']} of {card['user']} on {card['host']} ({card['command']}), "
            f"since {card['since']}"
        )
    except (OSError, ValueError, KeyError):  # it has just begun, or just ended
        return "by another process"


def sign(file: Path) -> None:
    """Say that this process holds a lock, which it has taken in a way of its own."""
    _card(file).write_text(json.dumps(_myself()), encoding="utf-8")


def _lock(file: Path) -> FileLock:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Hooks of Kedro may let go of it in another thread than that which took it.
    return FileLock(file, thread_local=False)


@contextlib.contextmanager
def _signed(lock: FileLock, file: Path) -> Iterator[None]:
    """Say who holds the lock; let go of it at the end.

    Its file is removed first: who waits for it notices that, and takes the next one (`filelock`).
    """
    try:
        sign(file)
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes no file that is open
            _card(file).unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        lock.release()


def _card(file: Path) -> Path:
    """The file that says who holds a lock; Windows lets nobody read a lock's own meanwhile."""
    return file.with_name(f"{file.name}.holder")


def _myself() -> dict[str, str | int]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # containers have users without a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
    return {
        "pid": os.getpid(),
        "host": platform.node(),
        "user": user,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
    }
