"""Tables as text: one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def dump(row: dict[str, Any]) -> str:
    """One line, without the line feed."""
    return json.dumps(row, ensure_ascii=False)


def write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows and return how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(dump(row) + "\n")
            count += 1
    return count


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Read rows one by one."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
