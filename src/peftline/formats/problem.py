"""What can be wrong with a row, and how a reader says so."""

from typing import Any


class RowProblem(ValueError):
    """A row that cannot be learnt from as it is.

    `kind` is a key of `data.problems`, which decides whether such rows are dropped.
    """

    def __init__(self, kind: str, message: str) -> None:
        """Args:
        kind: a field of `data_schema.Problems`.
        message: what was found, with the field's name.
        """
        super().__init__(message)
        self.kind = kind


def text(
    row: dict[str, Any], field: str, default: str | None = None, inside: str | None = None
) -> str:
    """The text of a field.

    Args:
        inside: the name of what the field belongs to, if not to the row itself.

    Raises:
        RowProblem: it is missing (and there is no default), or not text.
    """
    value = row.get(field)
    name = f"{inside}.{field}" if inside else field
    if value is None:
        if default is None:
            raise RowProblem("missing_field", f"field '{name}' is missing")
        return default
    if not isinstance(value, str):
        raise RowProblem("wrong_type", f"field '{name}' is {type(value).__name__}, not text")
    return value


def items(value: Any, field: str) -> list[Any]:
    """A list that is not empty.

    Raises:
        RowProblem: it is missing, empty or no list.
    """
    if value is None or value == []:
        raise RowProblem("missing_field", f"field '{field}' is missing or empty")
    if not isinstance(value, list):
        raise RowProblem("wrong_type", f"field '{field}' is {type(value).__name__}, not a list")
    return value
