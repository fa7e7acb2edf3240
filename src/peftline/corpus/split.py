"""Three splits, decided by content: no group of examples stands on two sides."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy

from peftline import jsonl, store
from peftline.corpus.sides import FREE, assign
from peftline.data_schema import Data
from peftline.errors import PeftlineError
from peftline.formats.example import SIDES, Example
from peftline.handles import Examples, Splits

_NUMBERS = {None: FREE, **{side: at for at, side in enumerate(SIDES)}}


def split(examples: Examples, config: Data, root: Path) -> Splits:
    """Divide examples by the hash of their group, or as the source has decided.

    Raises:
        PeftlineError: there are too few examples for three splits.
    """
    import peftline.corpus

    key = {
        "examples": examples.path.name,  # not its hash: the examples name the rows they come from
        "sizes": [config.validation_rows, config.test_rows],
        "seed": config.seed,
        "code": store.code_hash(peftline.corpus),
    }
    path, manifest = store.build(
        root / "03_primary", key, lambda folder: _store(examples, config, folder)
    )
    return Splits(path=path, **manifest)


def iterate(splits: Splits, side: str) -> Iterator[Example]:
    """The examples of one side, one by one."""
    return (Example(**row) for row in jsonl.read(splits.path / f"{side}.jsonl"))


def read_split(splits: Splits, side: str) -> list[Example]:
    """All examples of one side."""
    return list(iterate(splits, side))


def group_sizes(splits: Splits, side: str) -> list[int]:
    """How many examples of one side belong together."""
    return list(Counter(row["group"] for row in jsonl.read(splits.path / f"{side}.jsonl")).values())


def _store(examples: Examples, config: Data, folder: Path) -> dict[str, Any]:
    file = examples.path / "examples.jsonl"
    rows = (
        (store.number_of([config.seed, row["group"]]), _NUMBERS[row.get("split")])
        for row in jsonl.read(file)
    )
    table = numpy.fromiter(rows, dtype=[("order", numpy.uint64), ("given", numpy.int8)])
    order, given = table["order"], table["given"]
    sides = assign(order, given, config.validation_rows, config.test_rows)
    counts = {side: int((sides == at).sum()) for at, side in enumerate(SIDES)}
    empty = [side for side in SIDES if not counts[side]]
    if empty:
        raise PeftlineError(
            f"{len(sides)} examples in {len(numpy.unique(order))} groups are too few: nothing is "
            f"left for {', '.join(empty)}. Give at least 10 different examples. What has one "
            "prompt, one group (data.group_key) or is nearly the same (data.near_duplicates) stays "
            "together; a field 'split' in the rows decides their side."
        )
    return counts | {"format": examples.format, "sha256": _write(file, sides, folder)}


def _write(file: Path, sides: numpy.ndarray, folder: Path) -> str:
    """Write each row to its side, in the order of the file; the hash leaves out where it was."""
    digest = hashlib.sha256()
    with ExitStack() as stack, file.open(encoding="utf-8") as lines:
        outputs = [
            stack.enter_context((folder / f"{side}.jsonl").open("w", encoding="utf-8"))
            for side in SIDES
        ]
        for line, side in zip(lines, sides, strict=True):
            outputs[side].write(line)
            row = json.loads(line)
            row.pop("origin", None)
            digest.update(f"{side}{json.dumps(row, ensure_ascii=False)}".encode())
    return digest.hexdigest()
