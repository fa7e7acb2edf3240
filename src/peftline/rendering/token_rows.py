"""Tokenised rows as training reads them; how they were made is told by their hash."""

from pathlib import Path

import datasets


def open_side(folder: Path, side: str) -> datasets.Dataset:
    """The rows of one side, memory-mapped: `id`, `input_ids`, `labels`, `length`."""
    parts = sorted((folder / side).glob("*.arrow"))
    return datasets.concatenate_datasets([datasets.Dataset.from_file(str(part)) for part in parts])


def open_without_ids(folder: Path, side: str) -> datasets.Dataset:
    """The same as tensors are made of: without ids, which are texts."""
    return open_side(folder, side).remove_columns("id")
