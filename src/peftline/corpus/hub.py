"""Rows of data sets on the Hugging Face hub."""

from collections.abc import Iterator
from typing import Any

from peftline.corpus import arrow
from peftline.data_schema import Source
from peftline.errors import PeftlineError


def rows(source: Source) -> Iterator[dict[str, Any]]:
    """All rows of the split that a source names.

    Raises:
        PeftlineError: there is no such data set, or it cannot be loaded.
    """
    import datasets

    try:
        found = datasets.load_dataset(
            source.source, source.subset, split=source.split, revision=source.revision
        )
        yield from map(arrow.plain, found)
    except (OSError, ValueError, datasets.exceptions.DatasetNotFoundError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise PeftlineError(
            f"data.source={source.source}: neither a file here nor a hub data set that can be "
            f"loaded ({reason:.200}). Check the spelling and the network, or use 'tool_calls'."
        ) from error
