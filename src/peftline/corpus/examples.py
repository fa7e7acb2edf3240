"""Canonical examples on disk: one a line, read one by one."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from peftline import formats, jsonl
from peftline.formats.example import Example


def read(path: Path) -> Iterator[Example]:
    """Read examples one by one."""
    return (Example(**row) for row in jsonl.read(path))


def write(path: Path, examples: Iterable[Example]) -> tuple[int, str]:
    """Write examples.

    Returns:
        Their number, and a hash of all that they teach, are called and belong to. Where they were
        read from is no part of it.
    """
    digest = hashlib.sha256()

    def rows() -> Iterator[dict]:
        for example in examples:
            digest.update(formats.content_hash(example))
            names = [example.kind, example.id, example.group, str(example.split)]
            digest.update("\n".join(names).encode() + b"\n")
            yield example.model_dump(exclude_defaults=True)

    return jsonl.write(path, rows()), digest.hexdigest()
