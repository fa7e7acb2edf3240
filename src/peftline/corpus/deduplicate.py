"""Keep the first of equal examples, and keep those that are almost equal together."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from peftline import formats, jsonl, store
from peftline.corpus import examples as corpus_io
from peftline.data_schema import Data
from peftline.formats.example import SIDES, Example
from peftline.handles import Examples

DUPLICATE, NEAR_DUPLICATE = "duplicate", "near_duplicate"
_Drop = Callable[[Example, str, str], None]


def deduplicate(examples: Examples, config: Data, root: Path) -> Examples:
    """Drop exact duplicates; drop near-duplicates or give them one group, as configured.

    Exact duplicates cost some 110 bytes of memory a row, near-duplicates several kilobytes and a
    millisecond: set `data.near_duplicates=keep` for millions of rows.

    Returns:
        The examples that are left, with what all steps up to this one have dropped.
    """
    import peftline.corpus

    key = {
        "examples": examples.path.name,  # not its hash: the table of dropped rows names files
        "near": [config.near_duplicates, config.near_duplicate_similarity],
        "code": store.code_hash(formats, peftline.corpus),
    }
    path, manifest = store.build(
        root / "02_intermediate", key, lambda folder: _store(examples, config, folder)
    )
    return Examples(path=path, **manifest)


def _store(examples: Examples, config: Data, folder: Path) -> dict[str, Any]:
    reasons = dict(examples.reasons)
    with (folder / "dropped.jsonl").open("w", encoding="utf-8") as dropped:
        with (examples.path / "dropped.jsonl").open(encoding="utf-8") as earlier:
            dropped.writelines(earlier)

        def drop(example: Example, reason: str, detail: str) -> None:
            """List a row that is left out."""
            row = {"origin": example.origin, "reason": reason, "detail": detail}
            dropped.write(f"{jsonl.dump(row)}\n")
            reasons[reason] = reasons.get(reason, 0) + 1

        first = _first_of_clusters(examples, config)
        left = _unique(corpus_io.read(examples.path / "examples.jsonl"), drop)
        if config.near_duplicates == "drop":
            left = _without(first, left, drop)
        elif first:
            left = _grouped(examples, first, left)
        kept, sha256 = corpus_io.write(folder / "examples.jsonl", left)
    return {
        "format": examples.format,
        "rows_read": examples.rows_read,
        "rows_kept": kept,
        "rows_dropped": examples.rows_read - kept,
        "reasons": reasons,
        "near_duplicates": len(first),
        "unread_fields": examples.unread_fields,
        "sha256": sha256,
    }


def _unique(examples: Iterable[Example], drop: _Drop) -> Iterator[Example]:
    seen: set[bytes] = set()
    for example in examples:
        content = formats.content_hash(example)
        if content in seen:
            drop(example, DUPLICATE, "the same as an earlier row")
        else:
            seen.add(content)
            yield example


def _first_of_clusters(examples: Examples, config: Data) -> dict[str, str]:
    """Near-duplicates among the rows that may change sides: id -> id of the cluster's first."""
    if config.near_duplicates == "keep":
        return {}
    from peftline.corpus import near

    file = examples.path / "examples.jsonl"
    if {row.get("split") for row in jsonl.read(file)} == set(SIDES):
        return {}  # all rows stay where the source has set them
    unique = _unique(corpus_io.read(file), lambda *_: None)
    # A side that the source leaves out is taken from its training rows.
    movable = (example for example in unique if example.split in (None, "train"))
    return near.clusters(movable, config.near_duplicate_similarity)


def _without(first: dict[str, str], examples: Iterable[Example], drop: _Drop) -> Iterator[Example]:
    for example in examples:
        if example.id in first:
            drop(example, NEAR_DUPLICATE, f"almost the same as example {first[example.id]}")
        else:
            yield example


def _grouped(
    examples: Examples, first: dict[str, str], left: Iterable[Example]
) -> Iterator[Example]:
    """Give each cluster one group; whole groups join, so that none is torn apart."""
    members = first.keys() | set(first.values())
    rows = corpus_io.read(examples.path / "examples.jsonl")
    groups = {example.id: example.group for example in rows if example.id in members}
    leader: dict[str, str] = {}

    def leading(group: str) -> str:
        """The group that a group has joined."""
        while group in leader:
            group = leader[group]
        return group

    for later, earlier in first.items():
        one, two = leading(groups[earlier]), leading(groups[later])
        if one != two:
            leader[two] = one
    for example in left:
        group = leading(example.group)
        yield example if group == example.group else example.model_copy(update={"group": group})
