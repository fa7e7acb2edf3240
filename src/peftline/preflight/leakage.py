"""Whether what is tested was trained on."""

from typing import Any

from peftline import store
from peftline.corpus.near import NearIndex
from peftline.corpus.split import iterate
from peftline.formats.example import Example
from peftline.handles import Splits

_TRAIN_ROWS, _HELD_OUT_ROWS = 20_000, 5_000  # compared for resemblance: a millisecond each


def between_splits(splits: Splits, similarity: float) -> dict[str, Any]:
    """Training examples whose prompt is, or resembles, one of validation or test.

    All rows are compared for equality.

    Returns:
        `equal` and `alike`: origins of training rows; `not_compared`: how many training and
        held-out rows were not compared for resemblance.
    """
    index, prompts, left_out = NearIndex(similarity), set(), 0
    for side in ("test", "validation"):
        for at, example in enumerate(iterate(splits, side)):
            asked = _asked(example)
            prompts.add(_hash(asked))
            if at < _HELD_OUT_ROWS:
                index.add(asked)
            else:
                left_out += 1
    equal, alike = [], []
    for at, example in enumerate(iterate(splits, "train")):
        asked = _asked(example)
        if _hash(asked) in prompts:
            equal.append(example.origin)
        elif at < _TRAIN_ROWS and index.find(asked):
            alike.append(example.origin)
    beyond = {"train": max(0, splits.train - _TRAIN_ROWS), "held_out": left_out}
    return {"equal": equal, "alike": alike, "not_compared": beyond}


def _asked(example: Example) -> Example:
    """The example without its answer; plain text, which answers nothing, is left whole."""
    return example.model_copy(update={"messages": example.prompt or example.messages})


def _hash(asked: Example) -> str:
    return store.sha256_of([" ".join(turn.text.lower().split()) for turn in asked.messages])
