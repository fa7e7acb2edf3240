"""Three splits, decided by content: no group of examples stands on two sides."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy

from peftline import jsonl, store
from peftline.data_schema import Data
from peftline.errors import PeftlineError
from peftline.formats.example import SIDES, Example
from peftline.handles import Examples, Splits

_FREE = len(SIDES)  # the side of a row for which the source has set none
_NUMBERS = {None: _FREE, **{side: at for at, side in enumerate(SIDES)}}
# Of a small data set, the test split takes at most a quarter and validation a tenth.
_LARGEST_TEST_SHARE, _LARGEST_VALIDATION_SHARE = 0.25, 0.1

logger = logging.getLogger(__name__)


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


def _store(examples: Examples, config: Data, folder: Path) -> dict[str, Any]:
    file = examples.path / "examples.jsonl"
    rows = (
        (_order(row["group"], config.seed), _NUMBERS[row.get("split")]) for row in jsonl.read(file)
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


def _order(group: str, seed: int) -> int:
    return int(store.sha256_of([seed, group])[:16], 16)


def assign(
    order: numpy.ndarray, given: numpy.ndarray, validation_rows: int, test_rows: int
) -> numpy.ndarray:
    """Give each example its side, as an index into `SIDES`.

    Whole groups go, in the order of their hash, to the test split until it is full, then to
    validation, then to training. Sides that the source has set are kept, and what else belongs
    to their groups goes with them. Some 50 bytes a row are held.

    Args:
        order: uint64 per example, the hash of its group.
        given: int8 per example, the side that the source has set, or `len(SIDES)`.
    """
    is_free = given == _FREE
    free = int(is_free.sum())
    limits = {
        "test": min(test_rows, int(free * _LARGEST_TEST_SHARE)),
        "validation": min(validation_rows, int(free * _LARGEST_VALIDATION_SHARE)),
    }
    if free and limits["test"] < test_rows:
        logger.warning("Test split: %d rows instead of %d; few data.", limits["test"], test_rows)
    groups, member_of = numpy.unique(order, return_inverse=True)
    sizes = numpy.bincount(member_of[is_free], minlength=len(groups))
    side_of = numpy.full(len(groups), SIDES.index("train"), dtype=numpy.int8)
    fixed = numpy.zeros(len(groups), dtype=bool)
    fixed[member_of[~is_free]] = True
    side_of[member_of[~is_free]] = given[~is_free]
    for at in numpy.flatnonzero(fixed & (sizes > 0)):
        if SIDES[side_of[at]] in limits:
            limits[SIDES[side_of[at]]] -= int(sizes[at])
    for at in numpy.flatnonzero(~fixed):
        side = next((s for s in ("test", "validation") if 0 < sizes[at] <= limits[s]), None)
        if side:
            limits[side] -= int(sizes[at])
            side_of[at] = SIDES.index(side)
        elif limits["test"] <= 0 and limits["validation"] <= 0:
            break
    return numpy.where(is_free, side_of[member_of], given)


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
