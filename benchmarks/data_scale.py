"""Rows per second and peak memory of each data stage, on generated Alpaca rows.

    python benchmarks/data_scale.py 100000 1000000

Prints a table for each size, and how many bytes of peak memory each further row costs. Memory is
the share of this process and its children in what is resident (PSS), sampled every 50 ms: whole,
and without the pages of mapped files, which the system takes back when it needs them.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peftline.base_model.materialise import materialise
from peftline.corpus.deduplicate import deduplicate
from peftline.corpus.ingest import ingest
from peftline.corpus.split import split
from peftline.corpus.validate import validate
from peftline.data_schema import Data
from peftline.memory import PeakMemory
from peftline.rendering.tokenise import tokenise
from peftline.schema import BaseModelSource, Rendering

_WORDS = [f"word{at}" for at in range(2000)]


def write_rows(file: Path, count: int) -> None:
    """Alpaca rows of some 60 words, one in a hundred a duplicate of an earlier one."""
    generator = random.Random(count)
    kept: list[dict[str, str]] = []
    with file.open("w", encoding="utf-8") as lines:
        for at in range(count):
            if at % 100 == 99:
                row = kept[generator.randrange(len(kept))]
            else:
                row = {
                    "instruction": " ".join(generator.choices(_WORDS, k=12)) + f" {at}?",
                    "input": " ".join(generator.choices(_WORDS, k=generator.randrange(10))),
                    "output": " ".join(generator.choices(_WORDS, k=generator.randrange(10, 50))),
                }
                if at % 50 == 0:
                    kept.append(row)
            lines.write(json.dumps(row) + "\n")


def run(count: int, folder: Path) -> dict[str, tuple[float, PeakMemory]]:
    """Seconds and peak memory of each stage."""
    file, root = folder / "rows.jsonl", folder / "store"
    write_rows(file, count)
    sizes = {"train_rows": 1, "validation_rows": 1000, "test_rows": 1000}
    data = Data(source=str(file), near_duplicates="keep", **sizes)
    base = materialise(BaseModelSource(source="smollm2"), folder.parent)
    results: dict[str, tuple[float, PeakMemory]] = {}

    def timed(name: str, stage: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        with PeakMemory(with_children=True) as peak:
            made = stage()
        results[name] = (time.perf_counter() - begin, peak)
        return made

    raw = timed("ingest", lambda: ingest(data, root))
    valid = timed("validate", lambda: validate(raw, data, root))
    examples = timed("deduplicate", lambda: deduplicate(valid, data, root))
    splits = timed("split", lambda: split(examples, data, root))
    tokens = timed("tokenise", lambda: tokenise(splits, base, Rendering(), root))
    kept = tokens.train + tokens.validation + sum(tokens.not_whole.values()) + splits.test
    print(f"{count:,} rows read, {examples.rows_dropped:,} duplicates, {kept:,} kept or listed")
    return results


def main(sizes: list[int]) -> None:
    """Measure all sizes, smallest first."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in sorted(sizes):
            place = Path(folder) / str(count)
            place.mkdir()
            results = run(count, place)
            for name, (seconds, peak) in results.items():
                memory = f"{_mib(peak.bytes)}, {_mib(peak.unmapped_bytes)} without mapped files"
                print(f"{name:12} {seconds:8.1f} s {count / seconds:10,.0f} rows/s {memory}")
            found = [peak for _, peak in results.values()]
            peaks[count] = max(p.bytes for p in found), max(p.unmapped_bytes for p in found)
    if len(peaks) > 1:
        few, many = min(peaks), max(peaks)
        more = [(b - a) / (many - few) for a, b in zip(peaks[few], peaks[many], strict=True)]
        print(f"{more[0]:.0f} bytes more per row, {more[1]:.0f} without mapped files")


def _mib(count: int) -> str:
    return f"{count / 2**20:8,.0f} MiB"


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [100_000])
