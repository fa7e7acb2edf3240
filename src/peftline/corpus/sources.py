"""What `data.source` may name: generated rows, files, folders, globs, hub data sets."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy

from peftline import store, tool_calls
from peftline.corpus import files, hub, local
from peftline.data_schema import Data, Source

GENERATED = "tool_calls"
Row = dict[str, Any]


def is_on_hub(source: Source) -> bool:
    """Whether a source names neither generated rows nor files."""
    return source.source != GENERATED and local.find(source.source) is None


def settled(source: Source, stored: Path) -> Source:
    """The source, at one commit if it is on the hub; `stored` is the folder of all raw rows."""
    if not is_on_hub(source):
        return source
    return source.model_copy(update={"revision": hub.commit(source, stored)})


def identity(source: Source, data: Data) -> Any:
    """All that the rows of a source depend on."""
    settings = source.model_dump(exclude={"format", "columns"})
    if source.source == GENERATED:
        sizes = [data.train_rows, data.validation_rows, data.test_rows, data.seed]
        return [settings, sizes, store.code_hash(tool_calls)]
    found = local.find(source.source)
    if found is None:
        return [settings, data.seed]
    names = [[found.name(file), found.side(file)] for file in found.files]
    return [settings, data.seed, names, found.not_read, store.sha256_of_files(*found.files)]


def name(source: Source) -> str:
    """What a source is called in reports; never a path on this machine."""
    if source.source == GENERATED or is_on_hub(source):
        return source.source
    return Path(os.path.abspath(source.source)).name


def not_read(source: Source) -> list[str]:
    """Names of files in a folder or glob that hold no rows that can be read."""
    found = None if source.source == GENERATED else local.find(source.source)
    return found.not_read if found else []


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
    found = local.find(source.source)
    if found is None:
        yield from _numbered(source.source, hub.rows(source))
        return
    for file in found.files:
        yield from _numbered(found.name(file), files.rows(file), found.side(file))


def _numbered(file: str, rows: Iterable[Any], side: str | None = None) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        has_none = side and isinstance(row, dict) and row.get("split") in (None, "")
        yield {"file": file, "row": number, "value": row | {"split": side} if has_none else row}
