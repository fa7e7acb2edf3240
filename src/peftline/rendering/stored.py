"""Tokenised rows on disk: what is kept of them, what is listed, and what is known about them."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy
import pyarrow
from pyarrow import compute, ipc

from peftline import jsonl
from peftline.errors import PeftlineError
from peftline.rendering import rows

_COLUMNS = ["id", "input_ids", "labels", "length"]
_HASHED = ("length", "input_ids", "labels")
_BINS = 24


@dataclass
class Facts:
    """What is known about the rows of one side."""

    outcomes: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    supervised: int = 0
    neutralised: int = 0
    lengths: list[numpy.ndarray] = field(default_factory=list)
    """Of all rows, before any cut."""
    digests: dict[str, Any] = field(
        default_factory=lambda: {name: hashlib.sha256() for name in _HASHED}
    )
    """One for each column, so that it does not matter which rows were written together."""

    @property
    def sha256(self) -> str:
        """Of ids and labels."""
        return "".join(digest.hexdigest() for digest in self.digests.values())

    @property
    def kept(self) -> int:
        """How many rows there are to learn from."""
        return self.outcomes["kept"] + self.outcomes["cut"]


def keep(parts: Iterable[Path], side: str, folder: Path, listed: TextIO) -> Facts:
    """Copy what is learnt from, batch by batch, and list what is left out or cut.

    The parts are read as streams, not mapped: mapped pages stay in the memory of this process,
    which were 1.2 GB for a million rows.
    """
    facts = Facts()
    (folder / side).mkdir()
    for number, part in enumerate(parts):
        with pyarrow.OSFile(str(part)) as source, ipc.open_stream(source) as reader:
            fields = [reader.schema.field(name) for name in _COLUMNS]
            # without the metadata, in which `datasets` lists the columns that are gone
            schema = pyarrow.schema(fields)
            target = folder / side / f"rows-{number:05d}.arrow"
            with ipc.new_stream(str(target), schema) as writer:
                for batch in reader:
                    _list(batch, side, listed, facts)
                    writer.write_batch(_learnt(batch, facts).cast(schema))
    return facts


def _learnt(batch: pyarrow.RecordBatch, facts: Facts) -> pyarrow.RecordBatch:
    """The rows of a batch that are learnt from, counted and hashed."""
    wanted = pyarrow.array([rows.KEPT, rows.CUT], type=batch.schema.field("outcome").type)
    whole = batch.filter(compute.is_in(batch["outcome"], value_set=wanted))
    facts.tokens += compute.sum(whole["length"]).as_py() or 0
    facts.supervised += compute.sum(whole["supervised"]).as_py() or 0
    for name, digest in facts.digests.items():
        column = whole[name] if name == "length" else whole[name].flatten()
        digest.update(column.to_numpy(zero_copy_only=False).tobytes())
    return whole.select(_COLUMNS)


def _list(batch: pyarrow.RecordBatch, side: str, listed: TextIO, facts: Facts) -> None:
    """Count outcomes, and describe the rows that were left out or cut."""
    outcome = batch["outcome"].to_numpy()
    facts.outcomes.update(rows.OUTCOMES[number] for number in outcome.tolist())
    facts.neutralised += compute.sum(batch["neutralised"]).as_py() or 0
    facts.lengths.append(batch["whole_length"].to_numpy(zero_copy_only=False).copy())
    some = batch.select(["id", "origin", "whole_length", "outcome"])
    for row in some.filter(pyarrow.array(outcome != rows.KEPT)).to_pylist():
        line = {
            "id": row["id"],
            "origin": row["origin"],
            "side": side,
            "tokens": row["whole_length"],
            "outcome": rows.OUTCOMES[row["outcome"]],
        }
        listed.write(f"{jsonl.dump(line)}\n")


def check(facts: Facts, side: str, limit: int) -> None:
    """Make sure that there is something to learn from.

    Raises:
        PeftlineError: there is not; the message says why.
    """
    if not facts.kept:
        longest = max(int(lengths.max()) for lengths in facts.lengths)
        raise PeftlineError(
            f"No {side} example is left: {facts.outcomes['dropped']} have more than "
            f"rendering.max_length_tokens={limit} tokens (the longest has {longest}), and in "
            f"{facts.outcomes['unsupervised']} nothing carries loss. Raise the limit, or give "
            "examples with answers to learn."
        )


def describe(lengths: list[numpy.ndarray]) -> dict[str, Any]:
    """Distribution of whole lengths, in tokens, and the limit that would keep 99.5 % of them."""
    whole = numpy.concatenate(lengths)
    counts, edges = numpy.histogram(whole, bins=_BINS)
    p50, p95, p995 = numpy.percentile(whole, [50, 95, 99.5])
    return {
        "median": int(p50),
        "p95": int(p95),
        "longest": int(whole.max()),
        "suggested_limit": int(-(-p995 // 64) * 64),
        "histogram": {"counts": counts.tolist(), "edges": [round(float(e), 1) for e in edges]},
    }
