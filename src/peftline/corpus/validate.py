"""Read every row into the canonical form; nothing is left out without a reason."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, TextIO

from peftline import formats, jsonl, store
from peftline.corpus import checks, columns, detection
from peftline.corpus import examples as corpus_io
from peftline.corpus.ids import Ids
from peftline.corpus.refusals import Refusals
from peftline.corpus.sources import labels
from peftline.corpus.unread import WatchedRow
from peftline.data_schema import Data, Source
from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.formats.problem import RowProblem
from peftline.handles import Examples, RawRows


def validate(raw: RawRows, config: Data, root: Path) -> Examples:
    """Read all rows; rows kept + rows dropped = rows read.

    Raises:
        PeftlineError: rows have problems that are not set to `drop`, or no row is left. All
            problems are reported together, with row numbers.
    """
    import peftline.corpus

    key = {
        "raw": raw.sha256,
        "formats": [[source.format, source.columns] for source in config.sources],
        "settings": [config.problems.model_dump(), config.max_characters, config.group_key],
        "code": store.code_hash(formats, peftline.corpus),
    }
    path, manifest = store.build(
        root / "02_intermediate", key, lambda folder: _store(raw, config, folder)
    )
    return Examples(path=path, **manifest)


@dataclass
class _Outcome:
    """What came of the rows, told while they pass."""

    refused: Refusals = field(default_factory=Refusals)
    dropped: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    formats: list[str] = field(default_factory=list)
    """One for each source."""
    ids: Ids = field(default_factory=Ids)


def _store(raw: RawRows, config: Data, folder: Path) -> dict[str, Any]:
    columns.check(raw, config)
    outcome = _Outcome()
    with (folder / "dropped.jsonl").open("w", encoding="utf-8") as dropped:
        kept, sha256 = corpus_io.write(
            folder / "examples.jsonl", _examples(raw, config, outcome, dropped)
        )
    outcome.refused.raise_all()
    if not kept:
        reasons = ", ".join(f"{kind} {count}" for kind, count in outcome.dropped.most_common())
        raise PeftlineError(
            f"{raw.source}: no row is left of {raw.rows}; all were dropped ({reasons}). Check the "
            "data or change the policy that drops them (data.problems)."
        )
    return {
        "format": " + ".join(dict.fromkeys(outcome.formats)),
        "rows_read": raw.rows,
        "rows_kept": kept,
        "rows_dropped": outcome.dropped.total(),
        "reasons": dict(outcome.dropped.most_common()),
        "near_duplicates": 0,
        "unread_fields": dict(outcome.unread.most_common()),
        "sha256": sha256,
    }


def _examples(raw: RawRows, config: Data, outcome: _Outcome, dropped: TextIO) -> Iterator[Example]:
    sources = config.sources  # made anew each time it is asked for
    stored = jsonl.read(raw.path / "rows.jsonl")
    for at, rows in groupby(stored, key=lambda row: row["source"]):
        first = list(islice(rows, detection.LOOKED_AT))
        outcome.formats.append(detection.format_of(first, sources[at]))
        for row in chain(first, rows):
            origin = f"{row['file']}, row {row['row']}"
            try:
                yield _read(row, origin, sources, config, outcome)
            except RowProblem as problem:
                if getattr(config.problems, problem.kind) == "raise":
                    outcome.refused.add(row["file"], row["row"], problem)
                outcome.dropped[problem.kind] += 1
                line = {"origin": origin, "reason": problem.kind, "detail": str(problem)}
                dropped.write(jsonl.dump(line) + "\n")


def _read(
    row: dict[str, Any], origin: str, sources: list[Source], config: Data, outcome: _Outcome
) -> Example:
    at, name = row["source"], outcome.formats[-1]
    value = detection.renamed(row["value"], sources[at])
    detection.check(value, name, sources[at])
    if isinstance(value, dict):
        value = WatchedRow(value)
    example = formats.read(value, formats.FORMATS[name], config.group_key, origin)
    checks.check(example, config.max_characters)
    if value.get("id") not in (None, ""):  # otherwise made from the content
        example = outcome.ids.distinct(example, row["file"], at if len(sources) > 1 else None)
    outcome.unread.update(field for field in value.unread() if field not in labels(sources[at]))
    return example
