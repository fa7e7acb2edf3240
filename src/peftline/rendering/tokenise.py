"""Tokens and labels of a whole data set, memory-mapped and reused while nothing changes."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import numpy
import tokenizers
import transformers

from peftline import store
from peftline.base_model import hardware
from peftline.base_model.loading import load_tokenizer
from peftline.handles import BaseModelFolder, Splits, Tokenised
from peftline.rendering import rows, stored
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Rendering

SIDES = ("train", "validation")
LISTED = "not_whole.jsonl"  # examples that were left out or cut
_PARALLEL_ROWS = 5_000  # below, starting a second process takes longer than it saves
_BATCH_ROWS = 500
_COLUMNS = {
    "id": "string",
    "origin": "string",
    "length": "int32",
    "whole_length": "int32",
    "supervised": "int32",
    "outcome": "int8",
    "neutralised": "int32",
}


def tokenise(splits: Splits, base: BaseModelFolder, config: Rendering, root: Path) -> Tokenised:
    """Render and tokenise training and validation examples, in parallel and as a stream.

    Raises:
        PeftlineError: no training or no validation example is left, one is too long and the
            policy is `raise`, or no sound label can be given.
    """
    import peftline.base_model.loading
    import peftline.formats
    import peftline.rendering

    key = {
        # The folder's name is the key of all that is in it: also of the rows' origins, listed here.
        "splits": [splits.sha256, splits.path.name],
        "base": base.sha256,
        "rendering": config.model_dump(),
        "code": store.code_hash(peftline.rendering, peftline.formats, peftline.base_model.loading),
        "versions": [transformers.__version__, tokenizers.__version__],
    }
    path, manifest = store.build(
        root / "05_model_input", key, lambda folder: _store(splits, base, config, folder)
    )
    return Tokenised(path=path, **manifest)


def _store(
    splits: Splits, base: BaseModelFolder, config: Rendering, folder: Path
) -> dict[str, Any]:
    template = templates.load(load_tokenizer(base), config)
    facts = {}
    with (folder / LISTED).open("w", encoding="utf-8") as listed:
        for side in SIDES:
            work = folder / f"{side}.arrow"
            _map(splits.path / f"{side}.jsonl", template, config, work)
            parts = sorted(folder.glob(f"{side}*.arrow"))
            facts[side] = stored.keep(parts, side, folder, listed)
            stored.check(facts[side], side, config.max_length_tokens)
            for part in parts:
                part.unlink()
    both = [facts[side] for side in SIDES]
    outcomes = sum((one.outcomes for one in both), Counter())
    del outcomes["kept"]
    return {
        "train": facts["train"].kept,
        "validation": facts["validation"].kept,
        "total_tokens": facts["train"].tokens,
        "supervised_tokens": facts["train"].supervised,
        "validation_supervised_tokens": facts["validation"].supervised,
        "not_whole": dict(outcomes),
        "neutralised": sum(one.neutralised for one in both),
        "lengths": stored.describe([lengths for one in both for lengths in one.lengths]),
        "chat_template": template.source,
        "rendering": config.model_dump(),
        "data_sha256": splits.sha256,
        "base_sha256": base.sha256,
        "sha256": store.sha256_of([one.sha256 for one in both]),
    }


def _map(file: Path, template: Template, config: Rendering, work: Path) -> None:
    """Write all examples of a file as rows; several processes, and files, if there are many."""
    index = datasets.Dataset.from_dict({"begin": _line_begins(file)})
    features = {name: datasets.Value(kind) for name, kind in _COLUMNS.items()}
    for name in ("input_ids", "labels"):
        features[name] = datasets.List(datasets.Value("int32"))
    # Not read through `datasets`: Arrow would fill what a row has not with null.
    index.map(
        partial(_of_batch, file=file, template=template, config=config),
        batched=True,
        batch_size=_BATCH_ROWS,
        writer_batch_size=_BATCH_ROWS,
        remove_columns=["begin"],
        features=datasets.Features(features),
        cache_file_name=str(work),
        load_from_cache_file=False,
        new_fingerprint="rows",
        num_proc=min(hardware.processors(), 8) if len(index) >= _PARALLEL_ROWS else None,
        desc=f"Tokenising {file.stem}",
    )


def _of_batch(
    batch: dict[str, list[int]], file: Path, template: Template, config: Rendering
) -> dict[str, list[Any]]:
    with file.open("rb") as lines:
        lines.seek(batch["begin"][0])
        return rows.of_lines([lines.readline() for _ in batch["begin"]], template, config)


def _line_begins(file: Path) -> numpy.ndarray:
    with file.open("rb") as lines:
        sizes = numpy.fromiter((len(line) for line in lines), dtype=numpy.int64)
    return numpy.cumsum(sizes) - sizes
