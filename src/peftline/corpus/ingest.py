"""Take rows as they are, from one source or several mixed."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from peftline import jsonl, store
from peftline.corpus import hub, sources
from peftline.corpus.sources import Settled
from peftline.data_schema import Data
from peftline.errors import PeftlineError, listed
from peftline.handles import RawRows

_Reader = Callable[[], Iterator[dict[str, Any]]]

logger = logging.getLogger(__name__)


def ingest(config: Data, root: Path) -> RawRows:
    """Store the rows of all sources, each with the source, file and number it came from.

    Raises:
        PeftlineError: a source does not exist, cannot be read, or has no rows.
    """
    import peftline.corpus

    taken = [sources.settle(source, root / "01_raw") for source in config.sources]
    key = {
        "sources": [sources.identity(source, config) for source in taken],
        "code": store.code_hash(peftline.corpus),
    }
    path, manifest = store.build(root / "01_raw", key, lambda to: _store(config, taken, to))
    raw = RawRows(path=path, **manifest)
    if raw.files_not_read:
        names, number = listed(raw.files_not_read), len(raw.files_not_read)
        logger.warning("%s: %d files there are not read: %s.", raw.source, number, names)
    return raw


def _store(config: Data, taken: list[Settled], folder: Path) -> dict[str, Any]:
    readers: list[_Reader] = [partial(sources.read, one, config) for one in taken]
    if any(one.source.weight for one in taken):
        readers = _weighted(taken, readers, config.seed)
    counts = [0] * len(readers)

    def rows() -> Iterator[dict[str, Any]]:
        for at, reader in enumerate(readers):
            for row in reader():
                counts[at] += 1
                yield {"source": at, **row}

    total = jsonl.write(folder / "rows.jsonl", rows())
    _refuse_empty(taken, counts)
    return {
        "source": " + ".join(one.name for one in taken),
        "rows": total,
        "rows_per_source": counts,
        "files_not_read": [name for one in taken for name in one.not_read],
        "commits": {
            hub.reference(source): at.source.revision
            for source, at in zip(config.sources, taken, strict=True)
            if at.is_on_hub and at.source.revision
        },
        "sha256": store.sha256_of_files(folder / "rows.jsonl"),
    }


def _weighted(taken: list[Settled], readers: list[_Reader], seed: int) -> list[_Reader]:
    """Take so many rows of each source that their numbers are as their weights.

    No row is taken twice: the source that is shortest for its weight is taken whole. Sources
    without a weight are taken whole as well.
    """
    weights = [one.source.weight for one in taken]
    counts = [sum(1 for _ in reader()) for reader in readers]
    _refuse_empty(taken, counts)
    unit = min(count / weight for count, weight in zip(counts, weights, strict=True) if weight)
    return [
        partial(sources.choose, reader, max(1, round(unit * weight)), seed) if weight else reader
        for reader, weight in zip(readers, weights, strict=True)
    ]


def _refuse_empty(taken: list[Settled], counts: list[int]) -> None:
    for one, count in zip(taken, counts, strict=True):
        if not count:
            raise PeftlineError(
                f"data.source={one.name}: the data set is empty. Name a source with at "
                "least one row."
            )
