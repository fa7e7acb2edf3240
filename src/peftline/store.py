"""Content-addressed folders: an expensive step is built once per key, whole or not at all."""

import contextlib
import errno
import hashlib
import inspect
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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
    """Hash of the source of modules; of a package, of all its code and YAML."""
    files: list[Path] = []
    for module in modules:
        path = Path(inspect.getfile(module))
        package = sorted(path.parent.rglob("*")) if path.name == "__init__.py" else []
        files += [file for file in package if file.suffix in {".py", ".yml"}] or [path]
    return sha256_of_files(*files)


def build(folder: Path, key_of: Any, write: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict]:
    """Return the folder for a key and its manifest; call `write` only if it is not there yet.

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
        with _partial(target) as partial:
            text = json.dumps(write(partial), indent=2, ensure_ascii=False)
            (partial / "manifest.json").write_text(text, encoding="utf-8")
            try:
                partial.replace(target)
            except OSError:
                # Another process was first: its result is the same, and may be in use already.
                if not manifest.exists():
                    _take_place(partial, target)
    return target, json.loads(manifest.read_text(encoding="utf-8"))


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `target` if the block ends without an error.

    Raises:
        PeftlineError: the disk is full; `target` is as it was before.
    """
    with _partial(target) as partial:
        yield partial
        _take_place(partial, target)


def _take_place(partial: Path, target: Path) -> None:
    if target.exists():  # renamed aside first: a kill in between loses neither
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        target.replace(aside)
        partial.replace(target)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        partial.replace(target)


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`, which is gone afterwards unless it was renamed."""
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            partial.chmod(0o755)
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write a file under a temporary name, then rename it.

    Raises:
        PeftlineError: the disk is full; `target` is as it was before.
    """
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the new name without its text
            Path(name).chmod(0o644)
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)


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
