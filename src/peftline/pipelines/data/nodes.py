"""Nodes of the data pipeline."""

from itertools import islice
from pathlib import Path

from peftline import jsonl
from peftline.corpus import deduplicate as _deduplicate
from peftline.corpus import ingest as _ingest
from peftline.corpus import split as _split
from peftline.corpus import validate as _validate
from peftline.data_schema import Data
from peftline.handles import Examples, RawRows, Splits


def ingest(data: Data, store_root: str) -> RawRows:
    """Store the rows as received."""
    return _ingest.ingest(data, Path(store_root))


def validate(raw: RawRows, data: Data, store_root: str) -> Examples:
    """Check every row and read it into the canonical form."""
    return _validate.validate(raw, data, Path(store_root))


def deduplicate(examples: Examples, data: Data, store_root: str) -> Examples:
    """Drop duplicates, and find near-duplicates."""
    return _deduplicate.deduplicate(examples, data, Path(store_root))


def list_dropped(examples: Examples) -> list[dict]:
    """Every row that was left out, with its reason."""
    return list(jsonl.read(examples.path / "dropped.jsonl"))


def split(examples: Examples, data: Data, store_root: str) -> Splits:
    """Divide into train, validation and test by content."""
    return _split.split(examples, data, Path(store_root))


def preview(splits: Splits) -> list[dict]:
    """Some test examples, to look at."""
    return [
        {
            "id": row.id,
            "prompt": "\n\n".join(message.text for message in row.prompt),
            "answer": row.answer,
            "group": row.group,
        }
        for row in islice(_split.iterate(splits, "test"), 20)
    ]
