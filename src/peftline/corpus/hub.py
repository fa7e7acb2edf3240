"""Data sets on the Hugging Face hub: which commit is meant, and its rows."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.corpus import arrow
from peftline.data_schema import Source
from peftline.errors import PeftlineError, first_line

_PATIENCE = 10  # seconds that the hub may take to answer

logger = logging.getLogger(__name__)


def reference(source: Source) -> str:
    """What a source names on the hub: a data set, at a branch, a tag or a commit."""
    return f"{source.source}@{source.revision or 'main'}"


def commit(source: Source, stored: Path) -> str | None:
    """The commit that a source means now, so that a data set which has changed is read again.

    If the hub does not tell, it is the commit of the last time, by the manifests in the folder
    `stored`; the first time, it is the revision as given.
    """
    from huggingface_hub import HfApi

    if re.fullmatch("[0-9a-f]{40}", source.revision or ""):
        return source.revision
    try:
        info = HfApi().dataset_info(source.source, revision=source.revision, timeout=_PATIENCE)
        return info.sha
    except Exception as error:  # of the library for HTTP too; what is really wrong, `rows` tells
        last = _last(reference(source), stored)
        logger.warning(
            "%s: the hub does not tell its commit (%s). Taken is what was fetched before%s.",
            reference(source),
            first_line(error),
            f" ({last})" if last else ", if anything was",
        )
        return last or source.revision


def _last(name: str, stored: Path) -> str | None:
    manifests = stored.glob("[!.]*/manifest.json")  # hidden folders are half-written
    for manifest in sorted(manifests, key=lambda file: file.stat().st_mtime, reverse=True):
        commits = json.loads(manifest.read_text(encoding="utf-8")).get("commits", {})
        if name in commits:
            return commits[name]
    return None


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
        raise PeftlineError(
            f"data.source={source.source}: neither a file here nor a hub data set that can be "
            f"loaded ({first_line(error)}). Check the spelling and the network, or use "
            "'tool_calls'."
        ) from error
