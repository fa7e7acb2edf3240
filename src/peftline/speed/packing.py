"""Rows of a batch one after the other, without padding, each attending to itself alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

from peftline.base_model.hardware import autocast
from peftline.errors import PeftlineError
from peftline.rendering.render import IGNORED
from peftline.speed.layers import MULTIPLE

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
    _refuse_other_kinds(kwargs)
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
def rows_apart(
    causal_lm: Any,
    wanted: Literal["auto", "on", "off"],
    longest_tokens: int,
    obstacle: str = "",
) -> Iterator[bool]:
    """Let a model take packed rows if it keeps them apart; undone on leaving.

    Args:
        causal_lm: the model with its head, not wrapped.
        wanted: `training.speed.packing`.
        longest_tokens: of all rows that will pass the model.
        obstacle: why rows must be padded whatever the model; empty if nothing stands against it.

    Raises:
        PeftlineError: `wanted` is "on", and the model does not.

    Yields:
        Whether it takes them.
    """
    usual = causal_lm.config._attn_implementation
    try:
        if wanted == "off":
            obstacle = "training.speed.packing is off"
        problem = obstacle or _window(causal_lm, longest_tokens) or _problem(causal_lm)
        if problem and wanted == "on":
            raise PeftlineError(
                f"Rows cannot be packed: {problem}. Set training.speed.packing to auto or off."
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
            if not is_packed(causal_lm):
                return "its attention cannot be exchanged"
            packed = causal_lm.base_model(**flatten(batch)[0], use_cache=False)
    except (PeftlineError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        return str(error)
    finally:
        causal_lm.train(training)
    alone = padded.last_hidden_state[mask.bool()].float()
    error = (packed.last_hidden_state[0, : len(alone)].float() - alone).norm() / alone.norm()
    return "" if error < _TRIAL_ERROR else f"a trial with short rows differs by {error:.0%}"


def _window(causal_lm: Any, longest_tokens: int) -> str:
    """What is wrong if attention reaches back less than the longest row; empty otherwise.

    Read from the configuration, because some models put the window into the mask alone. Taken as
    used wherever it is named: at worst rows are padded that could have been packed.
    """
    config = causal_lm.config.get_text_config()
    for name in ("sliding_window", "attention_chunk_size"):
        reach = getattr(config, name, None)
        if reach and reach < longest_tokens:
            return f"{name} is {reach} tokens, and the longest row has {longest_tokens}"
    return ""


def _refuse_other_kinds(wanted: dict[str, Any]) -> None:
    for name in ("softcap", "s_aux"):
        if wanted.get(name) is not None:
            raise PeftlineError(f"its attention has a {name}")


def flatten(batch: dict[str, torch.Tensor]) -> tuple[dict[str, Any], torch.Tensor]:
    """A padded batch as one row, filled up at its end to a multiple of `MULTIPLE` tokens.

    Args:
        batch: `input_ids`, `attention_mask` and `labels`, each (rows, positions).

    Returns:
        What the model takes, and the labels, (1, tokens); the first token of each row is
        predicted by nothing, and has none. The filling is a row of its own, without labels.
    """
    mask = batch["attention_mask"].bool()
    labels = batch["labels"].clone()
    labels[:, 0] = IGNORED
    positions = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    lengths = mask.sum(1).tolist()
    filling = -sum(lengths) % MULTIPLE
    inputs = {
        "input_ids": pad(batch["input_ids"][mask], (0, filling))[None],
        "position_ids": pad(positions[mask], (0, filling))[None],
        "row_lengths": [*lengths, filling] if filling else lengths,
    }
    return inputs, pad(labels[mask], (0, filling), value=IGNORED)[None]
