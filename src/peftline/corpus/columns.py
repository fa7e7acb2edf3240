"""Whether the columns that `data.columns` names exist."""

from peftline import jsonl
from peftline.corpus import sources as corpus_sources
from peftline.data_schema import Source
from peftline.errors import PeftlineError
from peftline.handles import RawRows

_LISTED = 30  # columns named in a message


def check(raw: RawRows, sources: list[Source]) -> None:
    """Look for each column until a row has it; a row may lack what another has.

    Raises:
        PeftlineError: no row of a source has a column; the message lists those that exist.
    """
    missing = [set(source.columns.values()) for source in sources]
    known: list[dict[str, None]] = [{} for _ in sources]  # in their order
    for row in jsonl.read(raw.path / "rows.jsonl"):
        if not any(missing):
            return
        if isinstance(row["value"], dict):
            missing[row["source"]] -= row["value"].keys()
            known[row["source"]].update(dict.fromkeys(row["value"]))
    found = [
        _describe(source, field, column, list(names))
        for source, columns, names in zip(sources, missing, known, strict=True)
        for field, column in source.columns.items()
        if column in columns and names  # without a name, the rows are no objects
    ]
    if found:
        raise PeftlineError("\n".join(found))


def _describe(source: Source, field: str, column: str, names: list[str]) -> str:
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return (
        f"{corpus_sources.name(source)}: data.columns.{field} is {column!r}, and no row has such a "
        f"column. Name one of those that exist: {listed}."
    )
