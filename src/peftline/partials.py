"""Names for what is not finished, so that what a killed process has left is known and removed."""

import contextlib
import os
import platform
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil


@contextlib.contextmanager
def folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`, which is gone afterwards unless it was renamed."""
    remove_left_behind(target.parent)
    partial = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        partial.chmod(0o755)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def file(target: Path) -> Iterator[Path]:
    """Give an empty file beside `target`, which is gone afterwards unless it was renamed."""
    remove_left_behind(target.parent)
    descriptor, name = tempfile.mkstemp(prefix=_prefix(target), dir=target.parent)
    os.close(descriptor)
    try:
        Path(name).chmod(0o644)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def unused(target: Path) -> Path:
    """A name beside `target` for what this process will write there, and remove itself."""
    remove_left_behind(target.parent)
    return target.with_name(f"{_prefix(target)}{uuid.uuid4().hex[:8]}")


def remove_left_behind(place: Path) -> None:
    """Remove what processes that are no more have left unfinished in a folder.

    Only of this machine: of another one it is not known whether its process still works.
    """
    ours = re.compile(rf"\..+\.{_machine()}-(\d+)\.\w+")
    for path in place.glob(".*"):
        made_by = ours.fullmatch(path.name)
        if made_by and not psutil.pid_exists(int(made_by[1])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    return f".{target.name}.{_machine()}-{os.getpid()}."


def _machine() -> str:
    """Those whose numbers of processes mean the same: of a machine, and there of a container."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return re.sub(r"[^A-Za-z0-9]", "", platform.node() + namespace)
