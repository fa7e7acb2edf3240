"""What a run makes is of no effect until it ends; then all of it takes its place at once.

A run writes into `<root>/.running/<name>/`, which is laid out as the root is. Publishing writes the
list of what is to be done there, and then does it. From the moment when the list is complete the
new result counts: if the process is killed while files are renamed, the next command on this root
finishes that before it reads anything. So there is the former result or the new one, whole.
"""

import contextlib
import errno
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from peftline import locks, partials, store

RUNNING = ".running"
_PLAN = "publish.json"
logger = logging.getLogger(__name__)


def staged(target: Path, root: Path, staging: Path) -> Path:
    """Where a run writes what will be at `target`."""
    return staging / target.relative_to(root)


def publish(root: Path, staging: Path, targets: Iterable[Path], gone: Iterable[Path] = ()) -> None:
    """Let what a run has written take its place, and remove what is no longer true.

    Args:
        root: of the results.
        staging: the run's folder in `<root>/.running`; empty afterwards.
        targets: where things will be that lie in `staging`. The last one is what makes a result
            exist: a former one goes first and the new one comes last, so that whoever looks in
            between sees no mixture.
        gone: what is to be removed from the root.
    """
    plan = {
        "move": [target.relative_to(root).as_posix() for target in targets],
        "remove": [path.relative_to(root).as_posix() for path in gone],
    }
    with _alone(root):
        _finish_all(root)
        store.write_text(staging / _PLAN, json.dumps(plan, indent=2))
        _finish(root, staging)


@contextlib.contextmanager
def settled(root: Path) -> Iterator[None]:
    """While the block runs, no run of this root takes its place: for who reads several files.

    What a process that was killed has begun to publish is finished first.
    """
    with contextlib.ExitStack() as stack:
        if (root / RUNNING).is_dir():  # otherwise nothing was ever published here
            try:
                stack.enter_context(_alone(root))
                _finish_all(root)
            except OSError as error:
                if error.errno not in (errno.EROFS, errno.EACCES):
                    raise  # what cannot be written here does not change either
        yield


def _alone(root: Path) -> contextlib.AbstractContextManager[None]:
    return locks.held(root / RUNNING / "publish.lock", f"{root} (results being written or read)")


def _finish_all(root: Path) -> None:
    """Do what killed processes have planned: a living one holds the lock until it is done."""
    for plan in sorted((root / RUNNING).glob(f"*/{_PLAN}")):
        logger.warning("%s: a run was killed while its result took its place. Finishing.", root)
        _finish(root, plan.parent)


def _finish(root: Path, staging: Path) -> None:
    """Do what is planned and not yet done; may be begun any number of times."""
    plan = json.loads((staging / _PLAN).read_text(encoding="utf-8"))
    for name in plan["remove"]:
        _remove(root / name)
    moves = [(staging / name, root / name) for name in plan["move"]]
    if moves and moves[-1][0].is_file():
        moves[-1][1].unlink(missing_ok=True)
    for path, target in moves:
        if path.exists():
            _move(path, target, staging)
    (staging / _PLAN).unlink()
    shutil.rmtree(staging)


def _move(path: Path, target: Path, staging: Path) -> None:
    with partials.folder(staging / "former") as aside:
        try:
            store.move(path, target, aside)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # A part of the root is a link to another disk. What is copied stays until it is there.
            copied = target.with_name(f".{target.name}.copied")
            _remove(copied)
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, copied)
            _remove(target)
            copied.replace(target)
            path.replace(aside / path.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
