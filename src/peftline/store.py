"""Content-addressed folders: an expensive step is built once per key, whole or not at all."""

import contextlib
import errno
import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from peftline import locks, partials
from peftline.errors import PeftlineError

_KEY_LENGTH = 16  # hexadecimal digits: 64 bits, no collision in practice below a billion entries


def sha256_of(value: Any) -> str:
    """Hash of any JSON-able value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def short_hash(value: Any) -> str:
    """The first 64 bits of a hash, as a name: 16 hexadecimal digits."""
    return sha256_of(value)[:_KEY_LENGTH]


def number_of(value: Any) -> int:
    """The first 64 bits of a hash, as a number: an order that knows nothing of the content."""
    return int(short_hash(value), 16)


def sha256_of_files(*paths: Path) -> str:
    """Hash of the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def code_hash(*modules: ModuleType) -> str:
    """Hash of the source of modules; of a package, of all its files."""
    files: list[Path] = []
    for module in modules:
        path = Path(inspect.getfile(module))
        files += sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    return sha256_of_files(*files)


def build(folder: Path, key_of: Any, write: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict]:
    """Return the folder for a key and its manifest; call `write` only if it is not there yet.

    A process that wants what another one is just making waits for it: the work is done once.

    Args:
        folder: parent of all folders of this step.
        key_of: everything that the result depends on, JSON-able.
        write: fills an empty folder and returns the manifest, which is stored beside the data.

    Raises:
        PeftlineError: the disk is full. Whatever goes wrong, nothing half-written is left.
    """
    target = folder / short_hash(key_of)
    manifest = target / "manifest.json"
    if not manifest.exists():
        with explained(target), locks.held(folder / f".{target.name}.lock", str(target)):
            if not manifest.exists():
                _build(target, write)
    return target, json.loads(manifest.read_text(encoding="utf-8"))


def _build(target: Path, write: Callable[[Path], dict[str, Any]]) -> None:
    with partials.folder(target) as partial:
        text = json.dumps(write(partial), indent=2, ensure_ascii=False)
        (partial / "manifest.json").write_text(text, encoding="utf-8")
        if (target / "manifest.json").exists():
            return  # on a disk that knows no locks another process was first, and it may be read
        shutil.rmtree(target, ignore_errors=True)  # what has no manifest is of no use to anybody
        partial.replace(target)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `target` if the block ends without an error.

    Raises:
        PeftlineError: the disk is full; `target` is as it was before.
    """
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with partials.folder(target) as partial:
            yield partial
            with partials.folder(target) as aside:
                move(partial, target, aside)


def move(path: Path, target: Path, aside: Path) -> None:
    """Let a file or folder take the place of another one.

    Args:
        aside: an empty folder, for what was at `target`. A kill in between loses neither.
    """
    if target.is_dir():
        target.replace(aside / target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)


def write_text(target: Path, text: str) -> None:
    """Write a file under a temporary name, then rename it.

    Raises:
        PeftlineError: the disk is full; `target` is as it was before.
    """
    write_bytes(target, text.encode("utf-8"))


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it.

    Raises:
        PeftlineError: the disk is full; `target` is as it was before.
    """
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with partials.file(target) as partial:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the new name without content
            partial.replace(target)


@contextlib.contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn a full disk, while something is written below `target`, into a message.

    Raises:
        PeftlineError: the disk is full. Any other error passes as it is.
    """
    try:
        yield
    except Exception as error:  # safetensors reports a full disk as an error of its own
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        if not full and "No space left" not in str(error):
            raise
        free = shutil.disk_usage(_existing(target)).free
        raise PeftlineError(
            f"{target}: the disk is full ({free / 2**20:,.0f} MiB free). Nothing was written. "
            "Free some space, or move the project to another disk, and run again."
        ) from error


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
