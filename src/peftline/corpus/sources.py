"""What `data.source` may name: generated rows, files, folders, globs, hub data sets."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy

from peftline import store, tool_calls
from peftline.corpus import files, hub
from peftline.data_schema import Data, Source
from peftline.errors import PeftlineError

GENERATED = "tool_calls"
# What `datasets` writes beside its rows.
_NO_DATA = ("dataset_info.json", "dataset_dict.json", "state.json")
Row = dict[str, Any]


def identity(source: Source, data: Data) -> Any:
    """All that the rows of a source depend on."""
    settings = source.model_dump(exclude={"format", "columns"})
    if source.source == GENERATED:
        sizes = [data.train_rows, data.validation_rows, data.test_rows, data.seed]
        return [settings, sizes, store.code_hash(tool_calls)]
    found = local_files(source.source)
    names = [_shown(file, source) for file in found]
    return [settings, data.seed, names, store.sha256_of_files(*found)]


def name(source: Source) -> str:
    """What a source is called in reports; never a path on this machine."""
    is_local = local_files(source.source)
    return Path(os.path.abspath(source.source)).name if is_local else source.source


def read(source: Source, data: Data) -> Iterator[Row]:
    """Rows with the file and number they came from; with `max_rows`, those with the lowest hashes.

    Raises:
        PeftlineError: the source does not exist or cannot be read.
    """
    if source.source == GENERATED or source.max_rows is None:
        return _all(source, data)
    return choose(lambda: _all(source, data), source.max_rows, data.seed)


def choose(read_all: Callable[[], Iterator[Row]], count: int, seed: int) -> Iterator[Row]:
    """`count` rows by their hash, in their order; 8 bytes a row are held, and rows read twice."""
    hashes = numpy.fromiter((_hash(row, seed) for row in read_all()), dtype=numpy.uint64)
    chosen = numpy.zeros(len(hashes), dtype=bool)
    chosen[numpy.argsort(hashes, kind="stable")[:count]] = True
    yield from (row for row, keep in zip(read_all(), chosen, strict=True) if keep)


def _hash(row: Row, seed: int) -> int:
    return int(store.sha256_of([seed, row["value"]])[:16], 16)


def _all(source: Source, data: Data) -> Iterator[Row]:
    if source.source == GENERATED:
        generated = tool_calls.generate(
            train=data.train_rows,
            validation=data.validation_rows,
            test=data.test_rows,
            seed=data.seed,
        )
        yield from _numbered(GENERATED, generated)
        return
    found = local_files(source.source)
    for file in found:
        yield from _numbered(_shown(file, source), files.rows(file))
    if not found:
        yield from _numbered(source.source, hub.rows(source))


def _numbered(file: str, rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        yield {"file": file, "row": number, "value": row}


def _shown(file: Path, source: Source) -> str:
    """What a file is called in messages: in a folder or glob, with the folders inside."""
    folder = Path(source.source)
    while not folder.exists():  # a glob: the part of it that is no pattern
        folder = folder.parent
    return file.relative_to(folder).as_posix() if folder.is_dir() else file.name


def local_files(source: str) -> list[Path]:
    """The files that a source names; none for generated rows and hub data sets.

    Raises:
        PeftlineError: there is no such file, or a folder or glob has none that can be read.
    """
    path = Path(source)
    if source == GENERATED:
        return []
    if path.is_file():
        if files.kind(path) is None:
            raise PeftlineError(
                f"data.source={source}: a file that ends in '{path.suffix}' cannot be read. Known: "
                f"{', '.join(files.SUFFIXES)}, and .gz of the first three."
            )
        return [path]
    if source and path.is_dir():
        return _readable(source, (f for f in path.rglob("*") if not _hidden(f, path)))
    if any(character in source for character in "*?["):
        return _readable(source, map(Path, glob.glob(source, recursive=True)))
    is_path = path.suffix in (*files.SUFFIXES, ".txt", ".gz") or source.startswith((".", "/", "~"))
    if is_path or source.count("/") != 1:
        raise PeftlineError(
            f"data.source={source}: there is no such file or folder (looked in {Path.cwd()}). "
            f"Give a file ({', '.join(files.SUFFIXES)}), a folder, a glob, a hub id (owner/name), "
            f"or '{GENERATED}'."
        )
    return []


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _readable(source: str, named: Iterable[Path]) -> list[Path]:
    found = sorted(
        file for file in named if file.is_file() and files.kind(file) and file.name not in _NO_DATA
    )
    if not found:
        raise PeftlineError(
            f"data.source={source}: there is no file that ends in {', '.join(files.SUFFIXES)} "
            "(or .gz). Convert the data, or name another place."
        )
    return found
