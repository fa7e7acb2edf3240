"""How much memory the stages after training need, from the sizes of the base."""

from typing import NamedTuple

import torch

from peftline.base_model.shapes import Shapes
from peftline.quantization import NoQuantization, Quantization, bytes_per_weight

_FLOAT = 4
# While a layer is merged: its weight in float32, the copy that is tried first, the update.
_MERGED_COPIES = 3
# Positions whose logits are in memory together, and how often: in the model's type, in float32 and
# as logarithms (`evaluation.likelihood`, `evaluation.text_loss`).
_READ_TOKENS = 2048
# Held-out rows and positions whose logits a merge keeps, before and after (`delivery.merge`).
_KEPT_LOGITS = 2 * 16 * 32
# Of the tensors of a layer that are there together: the states before and after, queries, keys,
# values and what attention gives; the feed-forward part's two projections and their product.
_STATES, _INNER = 6, 3


class Asked(NamedTuple):
    """How the model is used."""

    batch_tokens: int
    """Prompts and answers generated together."""
    row_tokens: int
    """Of the longest row."""


class Held(NamedTuple):
    """How the base is in memory."""

    quantization: Quantization
    dtype: torch.dtype
    """Of weights that are not quantised, and of the arithmetic."""
    adapter_bytes: int
    merges: bool
    """Whether the adapter disappears in the weights."""


def weights_bytes(shapes: Shapes, held: Held) -> int:
    """Of the base alone."""
    inside = shapes.in_layers * bytes_per_weight(held.quantization, held.dtype)
    return round(inside) + (shapes.parameters - shapes.in_layers) * held.dtype.itemsize


def answering(shapes: Shapes, held: Held, asked: Asked) -> int:
    """Generate answers, with the adapter merged in place or beside the base.

    What attention keeps, and one layer's states of a batch of prompts.
    """
    itemsize = held.dtype.itemsize
    cache = asked.batch_tokens * shapes.layers * shapes.key_value_width * itemsize
    states = asked.batch_tokens * (_STATES * shapes.hidden + _INNER * shapes.inner) * itemsize
    return _opened(shapes, held) + max(_opening(shapes, held), cache + states)


def reading(shapes: Shapes, held: Held) -> int:
    """Measure the likelihood of a text."""
    itemsize = held.dtype.itemsize
    logits = _READ_TOKENS * shapes.vocabulary * (itemsize + 2 * _FLOAT)
    states = _READ_TOKENS * (_STATES * shapes.hidden + _INNER * shapes.inner) * itemsize
    return _opened(shapes, held) + max(_opening(shapes, held), logits, states)


def merging(shapes: Shapes, held: Held, asked: Asked) -> int:
    """Merge and verify: one layer at a time in float32, and the logits of one row."""
    widened = _FLOAT * shapes.largest if held.dtype != torch.float32 else 0
    logits = _FLOAT * shapes.vocabulary * (_KEPT_LOGITS + 2 * asked.row_tokens)
    return _opened(shapes, held) + max(_opening(shapes, held), widened + logits)


def _opened(shapes: Shapes, held: Held) -> int:
    return weights_bytes(shapes, held) + held.adapter_bytes


def _opening(shapes: Shapes, held: Held) -> int:
    """What is there for a while, one layer after the other."""
    if not isinstance(held.quantization, NoQuantization):  # unpacked for its product
        return 2 * held.dtype.itemsize * shapes.largest_in_layers
    return _MERGED_COPIES * _FLOAT * shapes.largest_in_layers if held.merges else 0
