"""Rows that stop a run, told together."""

from peftline.errors import PeftlineError, listed
from peftline.formats.problem import RowProblem

_LISTED = 10  # row numbers named in a message
_MESSAGES = 50  # different problems named; the rest are counted
_ADVICE = {
    "missing_field": "fill them in, or name the fields with data.columns",
    "other_format": "set data.format to the one that is meant",
    "bad_label": "correct them, or set data.format if the label is about something else",
    "too_many_characters": "raise data.max_characters",
}


class Refusals:
    """Numbers of rows by file, kind of problem and message."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], list[int]] = {}

    def add(self, file: str, number: int, problem: RowProblem) -> None:
        """Remember a row."""
        key = (file, problem.kind, str(problem))
        if key not in self._rows and len(self._rows) >= _MESSAGES:
            key = (file, problem.kind, f"another problem of the kind {problem.kind}")
        self._rows.setdefault(key, []).append(number)

    def raise_all(self) -> None:
        """Stop if there is a row.

        Raises:
            PeftlineError: a line for each problem, with the numbers of its rows.
        """
        if self._rows:
            raise PeftlineError("\n".join(_describe(*item) for item in self._rows.items()))


def _describe(where: tuple[str, str, str], numbers: list[int]) -> str:
    file, kind, problem = where
    rows = listed([str(number) for number in numbers[: _LISTED + 1]], _LISTED)
    have = "row has" if len(numbers) == 1 else "rows have"
    return (
        f"{file}, row {numbers[0]}: {problem}. {len(numbers)} {have} this problem ({rows}). "
        f"Set data.problems.{kind}=drop to leave them out, or {_ADVICE.get(kind, 'correct them')}."
    )
