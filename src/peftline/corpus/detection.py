"""The one format in which the rows of a source are read."""

from typing import Any

from peftline import formats
from peftline.data_schema import Source
from peftline.errors import PeftlineError
from peftline.formats.problem import RowProblem

LOOKED_AT = 100  # rows, of which one has to have a known format


def renamed(value: Any, source: Source) -> Any:
    """A row under the names that formats know; what is no object as it is."""
    return formats.rename(value, source.columns) if isinstance(value, dict) else value


def format_of(rows: list[dict[str, Any]], source: Source) -> str:
    """The format that is set, or that of the first row which has a known one.

    Args:
        rows: the first of the source, as stored.

    Raises:
        PeftlineError: no row has a known format; the message lists the known ones.
    """
    if source.format != "auto":
        return source.format
    found = (formats.detect(renamed(row["value"], source)) for row in rows)
    name = next((name for name in found if name), None)
    if name is None:
        objects = [row for row in rows if isinstance(row["value"], dict)]
        raise _unknown((objects or rows)[0], source)
    return name


def check(value: Any, name: str, source: Source) -> None:
    """Look whether a row of a format that was detected asks for another one.

    Raises:
        RowProblem: it has fields that the format `name` does not read and another one needs, such
            as the label of an answer.
    """
    if source.format == "auto" and isinstance(value, dict):
        other = formats.stronger(value, name)
        if other:
            raise RowProblem("other_format", f"this row is {other}, others before it are {name}")


def _unknown(row: dict[str, Any], source: Source) -> PeftlineError:
    value = renamed(row["value"], source)
    found = ", ".join(value) if isinstance(value, dict) else type(value).__name__
    known = "; ".join(f"{n}: {', '.join(m.FIELDS)}" for n, m in formats.FORMATS.items())
    return PeftlineError(
        f"{row['file']}, row {row['row']}: the format is not known (found: {found or 'no fields'})."
        f" Known formats and the fields they need: {known}. Name other fields with data.columns, "
        "for example data.columns.instruction=task,data.columns.output=reply."
    )
