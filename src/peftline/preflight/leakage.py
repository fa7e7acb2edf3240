"""Whether what is tested was trained on."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from peftline import store
from peftline.corpus import files
from peftline.corpus.near import NearIndex
from peftline.corpus.split import iterate
from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.handles import Splits

_TRAIN_ROWS, _HELD_OUT_ROWS = 20_000, 5_000  # compared for resemblance: a millisecond each
_WORDS = 13  # in a row; GPT-3 looked for its benchmarks so (Brown et al. 2020, appendix C)


def between_splits(splits: Splits, similarity: float) -> dict[str, Any]:
    """Training examples whose prompt is, or resembles, one of validation or test.

    Returns:
        `equal` and `alike`: origins of training rows; `train_rows`: how many were compared.
    """
    held_out = [*_some(splits, "test"), *_some(splits, "validation")]
    prompts = {_prompt(example) for example in held_out}
    index = NearIndex(similarity)
    for example in held_out:
        index.add(example)
    equal, alike, compared = [], [], 0
    for example in islice(iterate(splits, "train"), _TRAIN_ROWS):
        compared += 1
        if _prompt(example) in prompts:
            equal.append(example.origin)
        elif index.find(example):
            alike.append(example.origin)
    return {"equal": equal, "alike": alike, "train_rows": compared}


def _some(splits: Splits, side: str) -> Iterator[Example]:
    return islice(iterate(splits, side), _HELD_OUT_ROWS)


def _prompt(example: Example) -> str:
    words = [" ".join(message.text.lower().split()) for message in example.prompt]
    return store.sha256_of(words or example.answer)


def with_benchmark(splits: Splits, benchmark: Path) -> list[str]:
    """Origins of training rows that share 13 words in a row with a benchmark.

    Raises:
        PeftlineError: there is no such file, or it has no text.
    """
    if not benchmark.is_file() or files.kind(benchmark) is None:
        raise PeftlineError(
            f"data.benchmark={benchmark}: there is no such file, or it is not one of "
            f"{', '.join(files.SUFFIXES)} (looked in {Path.cwd()})."
        )
    known = {gram for row in files.rows(benchmark) for gram in _grams(_strings(row))}
    if not known:
        raise PeftlineError(
            f"data.benchmark={benchmark}: no row has {_WORDS} words. Name a file with the texts "
            "of the benchmark."
        )
    found = []
    for example in iterate(splits, "train"):
        if not known.isdisjoint(_grams(message.text for message in example.messages)):
            found.append(example.origin)
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _grams(texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        for at in range(len(words) - _WORDS + 1):
            yield hash(tuple(words[at : at + _WORDS]))
