"""Whether rows of a benchmark stand among those that are trained on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.corpus import files
from peftline.corpus.shingles import words
from peftline.corpus.split import iterate
from peftline.errors import PeftlineError
from peftline.formats.said import said, values
from peftline.handles import Splits

_WORDS = 13  # in a row; GPT-3 looked for its benchmarks so (Brown et al. 2020, appendix C)
_FEWEST_WORDS = 5  # of a text that is compared whole: fewer stand in many texts by chance


def overlap(splits: Splits, benchmark: Path) -> dict[str, Any]:
    """Training rows that share 13 words in a row (or characters of Chinese) with a benchmark.

    Of a benchmark's row with shorter texts only, the longest is looked for as a whole.

    Returns:
        `overlapping`: origins of training rows; `rows` of the benchmark, and how many of them are
        `not_compared` for their texts have fewer than 5 words.

    Raises:
        PeftlineError: there is no such file, or nothing in it can be compared.
    """
    if not benchmark.is_file() or files.kind(benchmark) is None:
        raise PeftlineError(
            f"data.benchmark={benchmark}: there is no such file, or it is not one of "
            f"{', '.join(files.SUFFIXES)} (looked in {Path.cwd()})."
        )
    known: dict[int, set[int]] = {}  # number of words -> hashes of so many words in a row
    rows = left_out = 0
    for row in files.rows(benchmark):
        rows += 1
        texts = [words(text) for text in values(row)]
        size = min(_WORDS, max(map(len, texts), default=0))
        if size < _FEWEST_WORDS:
            left_out += 1
        else:
            known.setdefault(size, set()).update(_in_a_row(texts, size))
    if not known:
        raise PeftlineError(
            f"data.benchmark={benchmark}: no row has {_FEWEST_WORDS} words. Name a file with the "
            "texts of the benchmark."
        )
    found = []
    for example in iterate(splits, "train"):
        texts = [words(text) for text in said(example)]
        if any(not some.isdisjoint(_in_a_row(texts, size)) for size, some in known.items()):
            found.append(example.origin)
    return {"overlapping": found, "rows": rows, "not_compared": left_out}


def _in_a_row(texts: list[list[str]], size: int) -> Iterator[int]:
    for text in texts:
        for at in range(len(text) - size + 1):
            yield hash(tuple(text[at : at + size]))
