"""Whether the columns that `data.columns` and `data.group_key` name exist."""

from pathlib import Path

from peftline import jsonl
from peftline.corpus import detection
from peftline.data_schema import Data, Source
from peftline.errors import PeftlineError, listed
from peftline.handles import RawRows

_LISTED = 30  # columns named in a message


def check(raw: RawRows, config: Data) -> None:
    """Look for each column until a row has it; a row may lack what another has.

    The default of `group_key` need not exist.

    Raises:
        PeftlineError: no row has a column; the message lists those that exist.
    """
    sources = config.sources
    missing = [set(source.columns.values()) for source in sources]
    known: list[dict[str, None]] = [{} for _ in sources]  # in their order
    fields: dict[str, None] = {}  # as formats know them
    optional = config.group_key == Data.model_fields["group_key"].default
    for row in jsonl.read(raw.path / "rows.jsonl"):
        if (optional or config.group_key in fields) and not any(missing):
            return
        if isinstance(row["value"], dict):
            at, value = row["source"], row["value"]
            missing[at] -= value.keys()
            known[at].update(dict.fromkeys(value))
            fields.update(dict.fromkeys(detection.renamed(value, sources[at])))
    found = [
        _describe(source, field, column, list(names))
        for source, columns, names in zip(sources, missing, known, strict=True)
        for field, column in source.columns.items()
        if column in columns and names  # without a name, the rows are no objects
    ]
    if not optional and fields and config.group_key not in fields:
        found.append(
            f"{raw.source}: data.group_key is {config.group_key!r}, and no row has such a field. "
            f"Name one of those that exist: {listed(list(fields), _LISTED)}."
        )
    if found:
        raise PeftlineError("\n".join(found))


def _describe(source: Source, field: str, column: str, names: list[str]) -> str:
    return (
        f"{Path(source.source).name}: data.columns.{field} is {column!r}, and no row has such a "
        f"column. Name one of those that exist: {listed(names, _LISTED)}."
    )
