"""Rows of local files, one after the other: JSON, JSON lines, CSV, Parquet, Arrow; also .gz."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.corpus import arrow, csv_rows, json_rows, texts
from peftline.errors import PeftlineError

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".arrow")
_PACKED = SUFFIXES[:4]


def kind(file: Path) -> str | None:
    """The suffix, in lower case, that says how a file is read (`.gz` aside), or None."""
    name = Path(file.name.lower())
    if name.suffix == ".gz":
        suffix = Path(name.stem).suffix
        return suffix if suffix in _PACKED else None
    return name.suffix if name.suffix in SUFFIXES else None


def rows(file: Path) -> Iterator[Any]:
    """All rows of a file; only a small part of it is held in memory.

    Raises:
        PeftlineError: the file is not what its name says; bad lines are listed together.
    """
    readers = {
        ".json": json_rows.rows,
        ".jsonl": json_rows.lines,
        ".ndjson": json_rows.lines,
        ".csv": csv_rows.rows,
    }
    try:
        yield from readers.get(kind(file), arrow.rows)(file)
    except UnicodeDecodeError as error:
        raise PeftlineError(
            f"{file.name}{texts.line_of_bad_byte(file)}: byte {error.object[error.start]:#04x} is "
            "not UTF-8. Save the file as UTF-8."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PeftlineError(
            f"{file.name}: not a whole gzip file ({error}). Write or download it again."
        ) from error
