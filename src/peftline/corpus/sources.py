"""What `data.source` may name: generated rows, files, folders, globs, hub data sets."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from peftline import store, tool_calls
from peftline.corpus import files, hub, local
from peftline.data_schema import Data, Source

GENERATED = "tool_calls"
Row = dict[str, Any]


@dataclass(frozen=True)
class Settled:
    """A source and what it names now: its files are looked for once, then hashed and read."""

    source: Source
    """At one commit if it is on the hub."""
    found: local.Found | None
    """Files; None for generated rows and for the hub."""

    @property
    def is_on_hub(self) -> bool:
        """Whether the source names neither generated rows nor files."""
        return self.found is None and self.source.source != GENERATED

    @property
    def name(self) -> str:
        """What the source is called in reports; never a path on this machine."""
        return Path(os.path.abspath(self.source.source)).name if self.found else self.source.source

    @property
    def not_read(self) -> list[str]:
        """Names of files in a folder or glob that hold no rows that can be read."""
        return self.found.not_read if self.found else []


def settle(source: Source, stored: Path) -> Settled:
    """Find what a source names; `stored` is the folder of all raw rows.

    Raises:
        PeftlineError: the source does not exist.
    """
    found = None if source.source == GENERATED else local.find(source.source)
    settled = Settled(source, found)
    if not settled.is_on_hub:
        return settled
    return Settled(source.model_copy(update={"revision": hub.commit(source, stored)}), None)


def identity(settled: Settled, data: Data) -> Any:
    """All that the rows of a source depend on."""
    source, found = settled.source, settled.found
    settings = source.model_dump(exclude={"format", "columns"})
    if source.source == GENERATED:
        sizes = [data.train_rows, data.validation_rows, data.test_rows, data.seed]
        return [settings, sizes, store.code_hash(tool_calls)]
    if found is None:
        return [settings, data.seed]
    names = [[found.name(file), found.side(file)] for file in found.files]
    settings["source"] = settled.name  # not where it lies: a project may be moved
    return [settings, data.seed, names, found.not_read, store.sha256_of_files(*found.files)]


def read(settled: Settled, data: Data) -> Iterator[Row]:
    """Rows with the file and number they came from; with `max_rows`, those with the lowest hashes.

    Raises:
        PeftlineError: the source cannot be read.
    """
    most = settled.source.max_rows
    if settled.source.source == GENERATED or most is None:
        return _all(settled, data)
    return choose(lambda: _all(settled, data), most, data.seed)


def choose(read_all: Callable[[], Iterator[Row]], count: int, seed: int) -> Iterator[Row]:
    """`count` rows by their hash, in their order; 8 bytes a row are held, and rows read twice."""
    places = (store.number_of([seed, row["value"]]) for row in read_all())
    hashes = numpy.fromiter(places, dtype=numpy.uint64)
    chosen = numpy.zeros(len(hashes), dtype=bool)
    chosen[numpy.argsort(hashes, kind="stable")[:count]] = True
    yield from (row for row, keep in zip(read_all(), chosen, strict=True) if keep)


def labels(source: Source) -> frozenset[str]:
    """Fields that a source carries for those who want them: no fault if no format reads them."""
    return frozenset(tool_calls.LABELS if source.source == GENERATED else ())


def _all(settled: Settled, data: Data) -> Iterator[Row]:
    source, found = settled.source, settled.found
    if source.source == GENERATED:
        generated = tool_calls.generate(
            train=data.train_rows,
            validation=data.validation_rows,
            test=data.test_rows,
            seed=data.seed,
        )
        yield from _numbered(GENERATED, generated)
        return
    if found is None:
        yield from _numbered(source.source, hub.rows(source))
        return
    for file in found.files:
        yield from _numbered(found.name(file), files.rows(file), found.side(file))


def _numbered(file: str, rows: Iterable[Any], side: str | None = None) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        has_none = side and isinstance(row, dict) and row.get("split") in (None, "")
        yield {"file": file, "row": number, "value": row | {"split": side} if has_none else row}
