"""Three splits, decided by content: no group of examples stands on two sides."""

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from peftline import jsonl, store
from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.handles import Examples, Splits
from peftline.schema import Data

SIDES = ("train", "validation", "test")
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
        "examples": examples.sha256,
        "sizes": [config.validation_rows, config.test_rows],
        "seed": config.seed,
        "code": store.code_hash(peftline.corpus),
    }
    path, manifest = store.build(
        root / "03_primary", key, lambda folder: _store(examples, config, folder)
    )
    return Splits(path=path, **manifest)


def read_split(splits: Splits, side: str) -> list[Example]:
    """All examples of one side."""
    return [Example(**row) for row in jsonl.read(splits.path / f"{side}.jsonl")]


def _store(examples: Examples, config: Data, folder: Path) -> dict[str, Any]:
    rows = [Example(**row) for row in jsonl.read(examples.path / "examples.jsonl")]
    sides = assign(rows, config.validation_rows, config.test_rows, config.seed)
    empty = [side for side in SIDES if not sides[side]]
    if empty:
        raise PeftlineError(
            f"{len(rows)} examples in {len({row.group for row in rows})} groups are too few: "
            f"nothing is left for {', '.join(empty)}. Give at least 10 different examples."
        )
    for side in SIDES:
        jsonl.write(folder / f"{side}.jsonl", (row.model_dump() for row in sides[side]))
    files = [folder / f"{side}.jsonl" for side in SIDES]
    return {side: len(sides[side]) for side in SIDES} | {"sha256": store.sha256_of_files(*files)}


def assign(
    rows: list[Example], validation_rows: int, test_rows: int, seed: int
) -> dict[str, list[Example]]:
    """Give each example its side.

    Whole groups go, in the order of their hash, to the test split until it is full, then to
    validation, then to training. Sides that the source has set are kept, and what else belongs
    to their groups goes with them.
    """
    sides: dict[str, list[Example]] = {side: [] for side in SIDES}
    groups: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        if row.split is not None:
            sides[row.split].append(row)
        else:
            groups[row.group].append(row)
    free = sum(len(group) for group in groups.values())
    limits = {
        "test": min(test_rows, int(free * _LARGEST_TEST_SHARE)),
        "validation": min(validation_rows, int(free * _LARGEST_VALIDATION_SHARE)),
    }
    if groups and limits["test"] < test_rows:
        logger.warning("Test split: %d rows instead of %d; few data.", limits["test"], test_rows)
    filled = {"test": 0, "validation": 0}
    side_of = {row.group: row.split for row in rows if row.split is not None}
    for name in sorted(groups, key=lambda name: store.sha256_of([seed, name])):
        size = len(groups[name])
        fits = (side for side in filled if filled[side] + size <= limits[side])
        side = next(fits, "train")
        side = side_of.setdefault(name, side)
        if side in filled:
            filled[side] += size
    for row in rows:
        if row.split is None:
            sides[side_of[row.group]].append(row)
    return sides
