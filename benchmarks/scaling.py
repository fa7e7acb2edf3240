"""How training scales with rows, their length, the rank and the number of recipes.

    python benchmarks/scaling.py                    # all tables
    python benchmarks/scaling.py rank length        # some of them

Rows are random tokens, a quarter of them with loss; a step has 4,096 tokens, in rows of 128 unless
their length is what changes. Each point trains in a process of its own, on a CPU. Memory is the
peak of that process, whole and without the pages of mapped files, which the system takes back when
it needs them.

Writes `data/08_reporting/scaling.json`; tables that are not measured stay as they are there.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
import pyarrow
from contender import timed_training
from pyarrow import ipc
from rich.console import Console
from rich.table import Table

from peftline import store
from peftline.base_model.materialise import materialise
from peftline.handles import BaseModelFolder, Tokenised
from peftline.memory import PeakMemory, release
from peftline.recipe import Recipe
from peftline.schema import BaseModelSource

STEPS = 4
TOKENS_PER_STEP = 4096
VOCABULARY = 49_152
WRITTEN_AT_ONCE = 10_000
USUAL = {"rows": 1_000, "length": 128, "rank": 16, "recipes": 1}
POINTS = {
    "rows": [1_000, 10_000, 100_000, 1_000_000],
    "length": [128, 256, 512, 1024, 2048, 4096],
    "rank": [4, 16, 64, 256],
    "recipes": [1, 2, 4],
}


def write_rows(folder: Path, rows: int, length: int) -> None:
    """Rows as `rendering.stored` opens them."""
    folder.mkdir(parents=True)
    generator = numpy.random.default_rng(0)
    lists = pyarrow.list_(pyarrow.int32())
    schema = pyarrow.schema(
        {"id": pyarrow.string(), "input_ids": lists, "labels": lists, "length": pyarrow.int32()}
    )
    with ipc.new_stream(str(folder / "rows-00000.arrow"), schema) as writer:
        for begin in range(0, rows, WRITTEN_AT_ONCE):
            count = min(WRITTEN_AT_ONCE, rows - begin)
            ids = generator.integers(0, VOCABULARY, (count, length), dtype=numpy.int32)
            labels = ids.copy()
            labels[:, : length * 3 // 4] = -100
            offsets = numpy.arange(0, count * length + 1, length, dtype=numpy.int32)
            columns = [
                pyarrow.array([str(begin + at) for at in range(count)]),
                pyarrow.ListArray.from_arrays(offsets, ids.ravel()),
                pyarrow.ListArray.from_arrays(offsets, labels.ravel()),
                pyarrow.array(numpy.full(count, length, dtype=numpy.int32)),
            ]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))


def prepare(folder: Path, base: BaseModelFolder, rows: int, length: int) -> Tokenised:
    """Training rows and a few for validation."""
    write_rows(folder / "train", rows, length)
    write_rows(folder / "validation", 4, length)
    nothing = {"not_whole": {}, "neutralised": 0, "lengths": {}, "rendering": {}}
    return Tokenised(
        path=folder,
        sha256="",
        train=rows,
        validation=4,
        total_tokens=rows * length,
        supervised_tokens=rows * (length - length * 3 // 4),
        validation_supervised_tokens=4 * (length - length * 3 // 4),
        chat_template="",
        data_sha256="",
        base_sha256=base.sha256,
        **nothing,
    )


def train(folder: Path, length: int, rank: int, recipes: int) -> dict[str, float]:
    """What so many recipes, one after the other in this process, take."""
    base = BaseModelFolder.model_validate_json((folder / "base.json").read_text())
    tokenised = Tokenised.model_validate_json((folder / "tokenised.json").read_text())
    training = {"batch_size": TOKENS_PER_STEP // length, "max_steps": STEPS}
    training |= {"evaluations": 1, "checkpoints": 1}
    recipe = Recipe(adapter={"type": "lora", "rank": rank, "alpha": 2 * rank}, training=training)
    seconds = 0.0
    with PeakMemory() as memory:
        for seed in range(recipes):
            release()  # as before each step of a pipeline
            seconds += timed_training(recipe, base, tokenised, seed, folder / "checkpoints")[1]
    tokens = training["batch_size"] * length * STEPS * recipes
    return {
        "tokens_per_second": tokens / seconds,
        "peak_memory_bytes": memory.bytes,
        "peak_unmapped_bytes": memory.unmapped_bytes,
    }


def measure(point: dict[str, int], base: BaseModelFolder, folder: Path) -> dict[str, float]:
    """One point of the tables, trained in a process of its own."""
    with TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        tokenised = prepare(place / "rows", base, point["rows"], point["length"])
        (place / "base.json").write_text(base.model_dump_json())
        (place / "tokenised.json").write_text(tokenised.model_dump_json())
        words = [name, *(str(point[key]) for key in ("length", "rank", "recipes"))]
        command = [sys.executable, __file__, "--train", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{point} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print a table for each axis, write one file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("axes", nargs="*", help=f"of {', '.join(POINTS)}; all if none is named")
    parser.add_argument("--out", type=Path, default=Path("data/08_reporting/scaling.json"))
    parser.add_argument("--train", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.axes) - set(POINTS):
        parser.error(f"{', '.join(sorted(unknown))}: no such table; known: {', '.join(POINTS)}")
    if given.train:
        place, *numbers = given.train
        print(json.dumps(train(Path(place), *map(int, numbers))))
        return
    console = Console()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    found: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    with TemporaryDirectory() as name:
        base = materialise(BaseModelSource(), Path(name) / "store")
        usual = measure(USUAL, base, Path(name))  # a point of every table
        for axis in given.axes or POINTS:
            found[axis] = []
            for value in POINTS[axis]:
                point = USUAL | {axis: value}
                figures = usual if point == USUAL else measure(point, base, Path(name))
                found[axis].append({axis: value} | figures)
            table = Table(axis, "tokens/s", "peak MiB", "without mapped files")
            for point in found[axis]:
                peaks = (point["peak_memory_bytes"], point["peak_unmapped_bytes"])
                mib = [f"{peak / 2**20:,.0f}" for peak in peaks]
                table.add_row(f"{point[axis]:,}", f"{point['tokens_per_second']:.0f}", *mib)
            console.print(table)
            store.write_text(given.out, json.dumps(found, indent=2))
    console.print(f"Written: {given.out}")


if __name__ == "__main__":
    main()
