"""Rows of CSV files."""

import csv
from collections.abc import Iterator
from pathlib import Path

from peftline.corpus import texts
from peftline.errors import PeftlineError

_FIELD_CHARACTERS = 2**31 - 1  # csv stops at 131,072 characters unless told otherwise


def rows(file: Path) -> Iterator[dict[str, str]]:
    """A row from each record, named by the first line; empty lines are none.

    Raises:
        PeftlineError: the file is not CSV, or a record has too few or too many fields.
    """
    csv.field_size_limit(_FIELD_CHARACTERS)
    with texts.opened(file) as text:
        reader = csv.reader(text, strict=True)
        line = 1  # on which a record begins: an open quote ends far behind it
        try:
            names = next(reader, [])
            _check_header(file, names)
            line = reader.line_num + 1
            for values in reader:
                if values and len(values) != len(names):
                    raise PeftlineError(
                        f"{file.name}, line {line}: not {len(names)} fields, as in the first "
                        "line. Quote fields that hold commas or line feeds."
                    )
                if values:
                    yield dict(zip(names, values, strict=True))
                line = reader.line_num + 1
        except csv.Error as error:
            raise PeftlineError(
                f"{file.name}, line {line}: not CSV ({error}). Quote fields that hold commas, "
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
