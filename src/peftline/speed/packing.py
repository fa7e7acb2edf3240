"""Rows of a batch one after the other, without padding, each attending to itself alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from peftline.base_model.hardware import autocast
from peftline.errors import PeftlineError
from peftline.rendering.render import IGNORED

logger = logging.getLogger(__name__)

ROWS_APART = "peftline_rows_apart"
"""The name of the attention below among transformers' attentions."""

# Up to here the CPU's attention goes back faster in float32 than in bfloat16 (for 9 heads of 64
# and 128, 192, 256 tokens 2.7, 4.7, 8 ms against 6.5, 7, 9.5; at 512 there is no difference).
_SHORT_TOKENS = 256
_TRIAL_TOKENS = (5, 3)
_TRIAL_ERROR = 0.05  # relative; bfloat16 rounds to 0.004 in each operation


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
    """Causal attention, row by row: none sees another, and nothing is computed between them.

    A mask over the whole batch would keep rows apart as well, at the cost of the whole square.

    Args:
        module: the attention layer.
        query: (1, heads, tokens, dimensions), all rows one after the other.
        key: (1, key-value heads, tokens, dimensions).
        value: as `key`.
        attention_mask: None; transformers makes none for an attention of another's making.
        scaling: of the products before the softmax.
        dropout: share of the attention weights left out.
        row_lengths: in tokens; they add up to `tokens`.
        kwargs: of other attentions.

    Raises:
        PeftlineError: the model wants an attention that this is not.
    """
    _refuse_other_kinds(kwargs, max(row_lengths))
    attended = []
    for row in zip(*(states.split(row_lengths, 2) for states in (query, key, value)), strict=True):
        short = row[0].device.type == "cpu" and row[0].shape[2] <= _SHORT_TOKENS
        with torch.autocast(query.device.type, enabled=False):
            out = scaled_dot_product_attention(
                *(states.float() if short else states for states in row),
                is_causal=True,
                dropout_p=dropout,
                scale=scaling,
                enable_gqa=True,
            )
        attended.append(out.to(query.dtype).transpose(1, 2))
    return torch.cat(attended, 1), None


AttentionInterface.register(ROWS_APART, attend_within_rows)


@contextmanager
def rows_apart(causal_lm: Any, wanted: Literal["auto", "on", "off"]) -> Iterator[bool]:
    """Let a model take packed rows if it keeps them apart; undone on leaving.

    Raises:
        PeftlineError: `wanted` is "on", and the model does not.

    Yields:
        Whether it takes them.
    """
    usual = causal_lm.config._attn_implementation
    try:
        problem = "switched off" if wanted == "off" else _problem(causal_lm)
        if problem and wanted == "on":
            raise PeftlineError(
                f"This model cannot train on packed rows: {problem}. "
                "Set training.speed.packing to auto or off."
            )
        if problem:
            causal_lm.set_attn_implementation(usual)
            logger.info("Rows are padded, not packed: %s.", problem)
        yield not problem
    finally:
        causal_lm.set_attn_implementation(usual)


def is_packed(causal_lm: Any) -> bool:
    """Whether a model takes packed rows at present."""
    return causal_lm.config._attn_implementation == ROWS_APART


def _problem(causal_lm: Any) -> str:
    """Why a model cannot keep packed rows apart; empty if it does, which is tried.

    The trial also finds what no configuration tells, such as layers that mix neighbours by a
    convolution or a recurrent state.
    """
    device = next(causal_lm.parameters()).device
    mask = torch.zeros(len(_TRIAL_TOKENS), max(_TRIAL_TOKENS), dtype=torch.long, device=device)
    for row, length in enumerate(_TRIAL_TOKENS):
        mask[row, :length] = 1
    ids = torch.arange(mask.numel(), device=device).view_as(mask)
    batch = {"input_ids": ids, "attention_mask": mask, "labels": ids}
    training = causal_lm.training
    causal_lm.eval()
    try:
        with torch.no_grad(), autocast(causal_lm):
            padded = causal_lm.base_model(input_ids=ids, attention_mask=mask, use_cache=False)
            causal_lm.set_attn_implementation(ROWS_APART)
            packed = causal_lm.base_model(**flatten(batch)[0], use_cache=False)
    except (PeftlineError, ValueError, TypeError) as error:
        return str(error)
    finally:
        causal_lm.train(training)
    alone = padded.last_hidden_state[mask.bool()].float()
    error = (packed.last_hidden_state[0].float() - alone).norm() / alone.norm()
    return "" if error < _TRIAL_ERROR else f"a trial with short rows differs by {error:.0%}"


def _refuse_other_kinds(wanted: dict[str, Any], longest: int) -> None:
    if (wanted.get("sliding_window") or longest) < longest:
        raise PeftlineError(
            f"its attention reaches back {wanted['sliding_window']} tokens, and the longest row "
            f"has {longest}; set training.speed.packing: off"
        )
    for name in ("softcap", "s_aux"):
        if wanted.get(name) is not None:
            raise PeftlineError(f"its attention has a {name}")


def flatten(batch: dict[str, torch.Tensor]) -> tuple[dict[str, Any], torch.Tensor]:
    """A padded batch as one row without padding.

    Args:
        batch: `input_ids`, `attention_mask` and `labels`, each (rows, positions).

    Returns:
        What the model takes, and the labels, (1, tokens); the first token of each row is
        predicted by nothing, and has none.
    """
    mask = batch["attention_mask"].bool()
    labels = batch["labels"].clone()
    labels[:, 0] = IGNORED
    positions = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    inputs = {
        "input_ids": batch["input_ids"][mask][None],
        "position_ids": positions[mask][None],
        "row_lengths": mask.sum(1).tolist(),
    }
    return inputs, labels[mask][None]
