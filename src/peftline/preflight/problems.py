"""What is wrong or noteworthy, and the gate that stops a run."""

from typing import Any, Literal

from peftline.errors import PeftlineError

Level = Literal["error", "warning"]
Problem = dict[str, Any]
_LISTED = 10


def problem(level: Level, name: str, message: str, rows: list[str] | None = None) -> Problem:
    """One finding; `rows` names some of the rows that show it."""
    return {"level": level, "name": name, "message": message, "rows": (rows or [])[:_LISTED]}


def gate(report: dict[str, Any]) -> dict[str, Any]:
    """Let a run pass that has no error.

    Raises:
        PeftlineError: there are errors; all of them are named.
    """
    errors = [found for found in report["problems"] if found["level"] == "error"]
    if errors:
        raise PeftlineError("\n".join(_describe(found) for found in errors))
    return {"problems": [found["name"] for found in report["problems"]]}


def _describe(found: Problem) -> str:
    rows = f" ({'; '.join(found['rows'])})" if found["rows"] else ""
    return f"Preflight, {found['name']}: {found['message']}{rows}"
