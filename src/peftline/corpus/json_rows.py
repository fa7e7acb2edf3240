"""Rows of JSON files: one a line, or a list of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.corpus import json_list, texts
from peftline.errors import PeftlineError

_LISTED = 20  # bad lines named in a message
_BEGIN = 4096  # characters in which the first one that is not blank stands


def lines(file: Path) -> Iterator[Any]:
    """A row from each line.

    Raises:
        PeftlineError: lines are not JSON; all of them are listed or counted.
    """
    found, count = [], 0
    with texts.opened(file) as text:
        for number, line in enumerate(text, start=1):
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


def rows(file: Path) -> Iterator[Any]:
    """The rows of a list, or of lines.

    Raises:
        PeftlineError: the file holds neither.
    """
    with texts.opened(file) as text:
        begin = text.read(_BEGIN).lstrip()[:1]
    if begin == "{" and _is_lines(file):
        yield from lines(file)
        return
    if begin in ("{", '"'):
        raise PeftlineError(
            f"{file.name}: found {'an object' if begin == '{' else 'a text'} at the top, not a "
            "list of rows. Put the rows into a list, or one object a line into a .jsonl file."
        )
    try:
        with texts.opened(file) as text:
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
    with texts.opened(file) as text:
        first = next(line for line in text if line.strip())
        try:
            json.loads(first)
        except (json.JSONDecodeError, RecursionError):
            return False
        except ValueError:  # a number of too many digits, which `lines` reports
            pass
        return any(line.strip() for line in text)


def _error_in(file: Path) -> Exception | None:
    """What Python's reader of whole texts, which knows lines and columns, says about a file."""
    try:
        with texts.opened(file) as text:
            json.loads(text.read())
    except (ValueError, RecursionError) as error:
        return error
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)
