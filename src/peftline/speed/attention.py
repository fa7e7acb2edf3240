"""Causal attention over rows that stand one after the other, none of which sees another."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from peftline.errors import PeftlineError

ROWS_APART = "peftline_rows_apart"
"""The name of the attention below among transformers' attentions."""

# There and back, a row of 128 tokens takes 0.9 ms product by product and 3.1 ms in the CPU's fused
# kernel, which goes back in small blocks; 2.6 and 6.4 with 256 tokens, 6.1 and 13 with 384, 11 and
# 22 with 512 (9 heads, one core with AVX512-BF16).
_SHORT_TOKENS = 512
# Up to there the weights are kept for the way back, 1.2 MB for a row of 256 in each layer. Those of
# longer rows are computed again: kept, they would soon be most of a step's memory.
_KEPT_TOKENS = 256
_TOGETHER = 4  # short rows at once, by length; the more, the more they differ and are filled up
_MULTIPLE = 16  # to which they are filled up

Row = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # query, key, value: (heads, tokens, width)
Attend = Callable[[list[Row], float, float], list[torch.Tensor]]


def attend_within_rows(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    row_lengths: list[int] | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each row; nothing is computed between rows.

    A mask over the whole batch would keep rows apart as well, at the cost of the whole square.

    Args:
        module: the attention layer.
        query: (1, heads, tokens, width), all rows one after the other.
        key: (1, key-value heads, tokens, width).
        value: as `key`.
        attention_mask: None; transformers makes none for an attention of another's making.
        scaling: of the products before the softmax.
        dropout: share of the attention weights left out.
        row_lengths: in tokens, at least 1 each; they add up to `tokens`.
        kwargs: of other attentions.

    Raises:
        PeftlineError: the model wants an attention that this is not.
    """
    _refuse_other_kinds(kwargs)
    if row_lengths is None or len(query) != 1:
        raise PeftlineError("Rows that are attended to apart must come as one, with row_lengths.")
    # In one type: some models leave query and key in float32, which fused kernels refuse.
    states = (each[0].to(value.dtype) for each in (query, key, value))
    rows = list(zip(*(each.split(row_lengths, 1) for each in states), strict=True))
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    attended: list[Any] = [None] * len(rows)
    with torch.autocast(query.device.type, enabled=False):
        for attend, some in _plan(row_lengths, query.device.type):
            found = attend([rows[i] for i in some], scaling, dropout)
            for i, row in zip(some, found, strict=True):
                attended[i] = row
    return torch.cat(attended)[None], None


AttentionInterface.register(ROWS_APART, attend_within_rows)


def _plan(lengths: list[int], device: str) -> Iterator[tuple[Attend, list[int]]]:
    """Which rows are computed at once, and how: on a CPU short ones of like length together."""
    limit = _SHORT_TOKENS if device == "cpu" else 0
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    short = [i for i in order if lengths[i] <= limit]
    for at in range(0, len(short), _TOGETHER):
        yield _together, short[at : at + _TOGETHER]
    for i in order[len(short) :]:
        yield _alone, [i]


def _alone(rows: list[Row], scaling: float, dropout: float) -> list[torch.Tensor]:
    """One row by the fused kernel; (tokens, heads, width)."""
    query, key, value = (states[None] for states in rows[0])
    out = scaled_dot_product_attention(
        query, key, value, is_causal=True, dropout_p=dropout, scale=scaling, enable_gqa=True
    )
    return [out[0].transpose(0, 1)]


def _together(rows: list[Row], scaling: float, dropout: float) -> list[torch.Tensor]:
    """Rows of like length at once; each (tokens, heads, width)."""
    if dropout:
        return [out for row in rows for out in _alone([row], scaling, dropout)]
    states = chain.from_iterable(zip(*rows, strict=True))
    return list(ShortRows.apply(scaling, *states))


class ShortRows(torch.autograd.Function):
    """Causal attention of a few rows, filled up to the longest, product by product.

    The heads that share a key and a value are one matrix. Scores are computed in float32, as fused
    kernels do; the weights are kept for the way back in the type of the values.
    """

    @staticmethod
    def forward(ctx: Any, scaling: float, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Args:
        scaling: of the products before the softmax.
        states: the queries of all rows, then their keys, then their values, each
            (heads, tokens, width).

        Returns:
            What each row attends to, (tokens, heads, width).
        """
        rows = len(states) // 3
        lengths = [state.shape[1] for state in states[:rows]]
        query, key, value = (_filled(states[at : at + rows]) for at in range(0, len(states), rows))
        heads, tokens, width = query.shape[1:]
        key, value = key.flatten(0, 1), value.flatten(0, 1)  # (shared, tokens, width)
        query = query.view(len(key), -1, width)
        weights = _weights(query, key, scaling)
        out = torch.bmm(weights, value)
        ctx.save_for_backward(query, key, value, weights if tokens <= _KEPT_TOKENS else None)
        ctx.scaling, ctx.lengths, ctx.heads = scaling, lengths, heads
        return tuple(one.transpose(0, 1) for one in _rows(out, heads, lengths))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of the states."""
        query, key, value, weights = ctx.saved_tensors
        if weights is None:
            weights = _weights(query, key, ctx.scaling)
        grad = _filled([one.transpose(0, 1) for one in grads]).flatten(0, 1)
        grad = grad.view(len(key), -1, grad.shape[-1])
        grad_value = torch.bmm(weights.transpose(1, 2), grad)
        grad_weights = torch.bmm(grad, value.transpose(1, 2))
        # The softmax goes back with the sum of weights times `grad_weights` as rounded here. With
        # gradient times output in its place (Dao et al. 2022, arXiv:2205.14135), which is rounded
        # apart, bfloat16 was twice as far off.
        grad_scores = torch._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
        grad_query = torch.bmm(grad_scores, key).mul_(ctx.scaling)
        grad_key = torch.bmm(grad_scores.transpose(1, 2), query).mul_(ctx.scaling)
        shared = len(key) // len(grads)
        return (
            None,
            *_rows(grad_query, ctx.heads, ctx.lengths),
            *_rows(grad_key, shared, ctx.lengths),
            *_rows(grad_value, shared, ctx.lengths),
        )


def _weights(query: torch.Tensor, key: torch.Tensor, scaling: float) -> torch.Tensor:
    """Causal attention weights (shared, queries, tokens), in the type of the key."""
    tokens = key.shape[1]
    with _exact_products(key.dtype):
        scores = torch.bmm(query.float(), key.float().transpose(1, 2))
    later = torch.full((tokens, tokens), float("-inf"), device=scores.device).triu_(1)
    scores.view(len(key), -1, tokens, tokens).mul_(scaling).add_(later)
    return scores.softmax(-1).to(key.dtype)


@contextlib.contextmanager
def _exact_products(dtype: torch.dtype) -> Iterator[None]:
    """Let oneDNN multiply float32 values that fit in bfloat16, without loss, as it does those.

    Its sums are float32 either way; this takes a third of the time (rows of 384: 0.4 ms, not 1.1).
    """
    product = torch.backends.mkldnn.matmul
    before = product.fp32_precision
    if dtype == torch.bfloat16:
        product.fp32_precision = "bf16"
    try:
        yield
    finally:
        product.fp32_precision = before


def _filled(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Rows of (heads, tokens, width) as one, filled up with zeros: (rows, heads, tokens, width)."""
    heads, _, width = rows[0].shape
    tokens = max(row.shape[1] for row in rows)
    whole = rows[0].new_zeros(len(rows), heads, tokens + -tokens % _MULTIPLE, width)
    for at, row in enumerate(rows):
        whole[at, :, : row.shape[1]] = row
    return whole


def _rows(whole: torch.Tensor, heads: int, lengths: list[int]) -> list[torch.Tensor]:
    """The rows of `_filled` without what they were filled up with."""
    each = whole.view(len(lengths), heads, -1, whole.shape[-1])
    return [row[:, :length] for row, length in zip(each, lengths, strict=True)]


def _refuse_other_kinds(wanted: dict[str, Any]) -> None:
    for name in ("softcap", "s_aux"):
        if wanted.get(name) is not None:
            raise PeftlineError(f"its attention has a {name}")
