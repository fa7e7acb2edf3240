"""A report in a few words."""

from collections import Counter
from typing import Any


def closing(report: dict[str, Any]) -> str:
    """What became of the rows, how they were read, how much is learnt, and what was found."""
    rows = report["rows"]
    levels = Counter(found["level"] for found in report["problems"])
    return (
        f"{rows['read']:,} rows read as {report['format']}: {rows['kept']:,} kept, "
        f"{rows['dropped']:,} dropped. {report['supervised_share']:.1%} of the training tokens "
        f"carry loss. Problems: {levels['error']} of level error, {levels['warning']} of level "
        "warning."
    )
