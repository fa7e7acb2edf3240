"""Rows of a batch one after the other, without padding, each attending to itself alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch.nn.functional import pad

from peftline.base_model.hardware import autocast
from peftline.errors import PeftlineError
from peftline.labels import IGNORED
from peftline.speed.attention import ROWS_APART
from peftline.speed.layers import MULTIPLE, trial

logger = logging.getLogger(__name__)

_TRIAL_TOKENS = (5, 3)
_TRIAL_ERROR = 0.05  # relative; bfloat16 rounds to 0.004 in each operation


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
    try:
        with trial(causal_lm), autocast(causal_lm):
            padded = causal_lm.base_model(input_ids=ids, attention_mask=mask, use_cache=False)
            causal_lm.set_attn_implementation(ROWS_APART)
            if not is_packed(causal_lm):
                return "its attention cannot be exchanged"
            packed = causal_lm.base_model(**flatten(batch)[0], use_cache=False)
    except (PeftlineError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        return str(error)
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
        # no attention reads it, for none is made of it; a router's loss leaves the filling out
        "attention_mask": pad(torch.ones_like(positions[mask]), (0, filling))[None],
        "row_lengths": [*lengths, filling] if filling else lengths,
    }
    return inputs, pad(labels[mask], (0, filling), value=IGNORED)[None]
