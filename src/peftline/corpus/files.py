"""Rows of local files, one after the other: JSON, JSON lines, CSV, Parquet, Arrow; also .gz."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.corpus import arrow, json_list
from peftline.errors import PeftlineError

SUFFIXES = (".json", ".jsonl", ".csv", ".parquet", ".arrow")
_LISTED = 20  # bad lines named in a message
_BEGIN = 4096  # characters in which the first one that is not blank stands
_FIELD_CHARACTERS = 2**31 - 1  # csv stops at 131,072 characters unless told otherwise


def kind(file: Path) -> str | None:
    """The suffix that says how a file is read (`.gz` aside), or None."""
    if file.suffix == ".gz":
        suffix = Path(file.stem).suffix
        return suffix if suffix in (".json", ".jsonl", ".csv") else None
    return file.suffix if file.suffix in SUFFIXES else None


def rows(file: Path) -> Iterator[Any]:
    """All rows of a file; only a small part of it is held in memory.

    Raises:
        PeftlineError: the file is not what its name says; bad lines are listed together.
    """
    readers = {".json": _json, ".jsonl": _lines, ".csv": _csv}
    try:
        yield from readers.get(kind(file), arrow.rows)(file)
    except UnicodeDecodeError as error:
        raise PeftlineError(
            f"{file.name}{_line_of_bad_byte(file)}: byte {error.object[error.start]:#04x} is not "
            "UTF-8. Save the file as UTF-8."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PeftlineError(
            f"{file.name}: not a whole gzip file ({error}). Write or download it again."
        ) from error


def _line_of_bad_byte(file: Path) -> str:
    """Decoders are fed in pieces, so the position that they name says little."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f", line {number}"
    return ""


def _lines(file: Path) -> Iterator[Any]:
    found, count = [], 0
    with _text(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError) as error:
                    count += 1
                    found.append(f"{file.name}, line {number}: not JSON ({_reason(error)}).")
                    del found[_LISTED:]
    if found:
        rest = f" {count - _LISTED} more lines like this." if count > _LISTED else ""
        raise PeftlineError("\n".join(found) + rest + " Write one JSON object a line.")


def _json(file: Path) -> Iterator[Any]:
    with _text(file) as text:
        begin = text.read(_BEGIN).lstrip()[:1]
    if begin == "{" and _is_lines(file):
        yield from _lines(file)
        return
    if begin in ("{", '"'):
        raise PeftlineError(
            f"{file.name}: found {'an object' if begin == '{' else 'a text'} at the top, not a "
            "list of rows. Put the rows into a list, or one object a line into a .jsonl file."
        )
    try:
        with _text(file) as text:
            yield from json_list.items(text)
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        found = _error_in(file) or error
        place = ""
        if isinstance(found, json.JSONDecodeError):
            place = f", line {found.lineno}, column {found.colno}"
        raise PeftlineError(
            f"{file.name}{place}: not JSON ({_reason(found)}). A .json file holds a list of rows, "
            "or one object a line."
        ) from error


def _is_lines(file: Path) -> bool:
    """Whether the first line is a whole value, and not the last line."""
    with _text(file) as text:
        try:
            json.loads(next(line for line in text if line.strip()))
        except (json.JSONDecodeError, RecursionError):
            return False
        return any(line.strip() for line in text)


def _error_in(file: Path) -> Exception | None:
    """What Python's reader of whole texts, which knows lines and columns, says about a file."""
    try:
        with _text(file) as text:
            json.loads(text.read())
    except (ValueError, RecursionError) as error:
        return error
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _csv(file: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(_FIELD_CHARACTERS)
    with _text(file) as text:
        reader = csv.DictReader(text, strict=True)
        try:
            _check_header(file, list(reader.fieldnames or []))
            for row in reader:
                if None in row or None in row.values():
                    raise PeftlineError(
                        f"{file.name}, line {reader.line_num}: not {len(reader.fieldnames)} "
                        "fields, as in the first line. Quote fields that hold commas or line feeds."
                    )
                yield row
        except csv.Error as error:
            at_end = str(error) == "unexpected end of data"  # other lines are not counted yet
            number = reader.line_num + (not at_end)
            raise PeftlineError(
                f"{file.name}, line {number}: not CSV ({error}). Quote fields that hold commas, "
                "quotes or line feeds."
            ) from error


def _check_header(file: Path, names: list[str]) -> None:
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise PeftlineError(
            f"{file.name}, line 1: two fields have the name {twice[0]!r}. Give each its own."
        )
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise PeftlineError(
            f"{file.name}, line 1: no comma in {names[0]!r:.100}. Save the file with "
            "commas between the fields."
        )


def _text(file: Path) -> io.TextIOBase:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")
