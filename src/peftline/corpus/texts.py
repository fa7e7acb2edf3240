"""Files of text: UTF-8, packed or not."""

import gzip
import io
from pathlib import Path


def opened(file: Path) -> io.TextIOBase:
    """A file to read from, with its line ends as they are and without a byte order mark."""
    if _is_packed(file):
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def line_of_bad_byte(file: Path) -> str:
    """The line of the first byte that is not UTF-8, for a message.

    Decoders are fed in pieces, so the position that they name says little.
    """
    with gzip.open(file) if _is_packed(file) else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f", line {number}"
    return ""


def _is_packed(file: Path) -> bool:
    return file.suffix.lower() == ".gz"
