"""Rows of CSV files."""

import csv
from collections.abc import Iterator
from pathlib import Path

from peftline.corpus import texts
from peftline.errors import PeftlineError

_FIELD_CHARACTERS = 2**31 - 1  # csv stops at 131,072 characters unless told otherwise


def rows(file: Path) -> Iterator[dict[str, str]]:
    """A row from each record, named by the first line.

    Raises:
        PeftlineError: the file is not CSV, or a record has too few or too many fields.
    """
    csv.field_size_limit(_FIELD_CHARACTERS)
    with texts.opened(file) as text:
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
