"""Take rows as they are, from one source or several mixed."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from peftline import jsonl, store
from peftline.corpus import sources
from peftline.data_schema import Data
from peftline.errors import PeftlineError
from peftline.handles import RawRows

_Reader = Callable[[], Iterator[dict[str, Any]]]


def ingest(config: Data, root: Path) -> RawRows:
    """Store the rows of all sources, each with the source, file and number it came from.

    Raises:
        PeftlineError: a source does not exist, cannot be read, or has no rows.
    """
    import peftline.corpus

    key = {
        "sources": [sources.identity(source, config) for source in config.sources],
        "code": store.code_hash(peftline.corpus),
    }
    path, manifest = store.build(root / "01_raw", key, lambda folder: _store(config, folder))
    return RawRows(path=path, **manifest)


def _store(config: Data, folder: Path) -> dict[str, Any]:
    readers: list[_Reader] = [partial(sources.read, one, config) for one in config.sources]
    if any(source.weight for source in config.sources):
        readers = _weighted(config, readers)
    counts = [0] * len(readers)

    def rows() -> Iterator[dict[str, Any]]:
        for at, reader in enumerate(readers):
            for row in reader():
                counts[at] += 1
                yield {"source": at, **row}

    total = jsonl.write(folder / "rows.jsonl", rows())
    _refuse_empty(config, counts)
    return {
        "source": " + ".join(sources.name(source) for source in config.sources),
        "rows": total,
        "rows_per_source": counts,
        "sha256": store.sha256_of_files(folder / "rows.jsonl"),
    }


def _weighted(config: Data, readers: list[_Reader]) -> list[_Reader]:
    """Take so many rows of each source that their numbers are as their weights.

    No row is taken twice: the source that is shortest for its weight is taken whole. Sources
    without a weight are taken whole as well.
    """
    weights = [source.weight for source in config.sources]
    counts = [sum(1 for _ in reader()) for reader in readers]
    _refuse_empty(config, counts)
    unit = min(count / weight for count, weight in zip(counts, weights, strict=True) if weight)
    return [
        partial(sources.choose, reader, max(1, round(unit * weight)), config.seed)
        if weight
        else reader
        for reader, weight in zip(readers, weights, strict=True)
    ]


def _refuse_empty(config: Data, counts: list[int]) -> None:
    for source, count in zip(config.sources, counts, strict=True):
        if not count:
            raise PeftlineError(
                f"data.source={sources.name(source)}: the data set is empty. Name a source with at "
                "least one row."
            )
