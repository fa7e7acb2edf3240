"""Tables as text: one JSON object a line."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def dump(row: dict[str, Any]) -> str:
    """One line, without the line feed; half a surrogate pair, which UTF-8 lacks, is escaped."""
    line = json.dumps(row, ensure_ascii=False)
    return line if line.isascii() or not _SURROGATE.search(line) else json.dumps(row)


def text(rows: Iterable[dict[str, Any]]) -> str:
    """All rows as the text of a file."""
    return "".join(f"{dump(row)}\n" for row in rows)


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
