"""Greedy answers in batches: sorted by length, padded on the left, what all share once."""

import copy
import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from tqdm.auto import tqdm

from peftline.evaluation.batches import by_length
from peftline.evaluation.cache import roomy_cache
from peftline.speed.layers import is_prompt_learning

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import Cache, PreTrainedModel, PreTrainedTokenizerBase


# Rows that have ended leave the batch together, once so few are open: each other number of rows
# has oneDNN make its kernels anew, which takes longer than a few rows too many.
_OPEN_SHARE = 0.9


class Answer(NamedTuple):
    """What was said."""

    text: str
    """Without special tokens."""
    finished: bool
    """Whether it ended by itself, with an end token; otherwise it was cut."""


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[int]],
    max_new_tokens: int,
    batch_tokens: int,
    title: str = "Generating",
) -> list[Answer]:
    """Answer each prompt; the order of the answers is that of the prompts.

    The tokens with which all prompts begin, such as a system message or worked examples, are
    computed once.

    Args:
        prompts: token ids.
        max_new_tokens: where an answer that does not end is cut.
        batch_tokens: prompts and answers generated together, counted with padding.
        title: of the progress bar.
    """
    prefix = _common_beginning(prompts)
    prompts = [prompt[len(prefix) :] for prompt in prompts]
    model, virtual = _without_virtual_tokens(model)
    device = next(model.parameters()).device
    model.eval()
    ends = _end_ids(model)
    answers = [Answer("", False)] * len(prompts)
    progress = tqdm(total=len(prompts), desc=title, unit="answer")
    with torch.inference_mode(), _last_states_in_one_piece(model), progress as bar:
        shared = _prefix_cache(model, prefix, virtual, device)
        held = shared.get_seq_length()
        widths = [held + len(prompt) + max_new_tokens for prompt in prompts]
        for batch in by_length(widths, batch_tokens):
            ids, mask = _pad_left([prompts[i] for i in batch], tokenizer.pad_token_id, device)
            cache = copy.deepcopy(shared)
            if held:
                cache.batch_repeat_interleave(len(batch))
                mask = torch.cat([mask.new_ones(len(batch), held), mask], dim=1)
            new = _greedy(model, ids, mask, cache, max_new_tokens, ends)
            texts = tokenizer.batch_decode(new, skip_special_tokens=True)
            for i, text, made in zip(batch, texts, new, strict=True):
                answers[i] = Answer(text, made[-1] in ends)
            bar.update(len(batch))
    return answers


def _end_ids(model: "PreTrainedModel") -> list[int]:
    """The tokens that end an answer; a model may have several, or none."""
    ends = model.generation_config.eos_token_id
    return [end for end in (ends if isinstance(ends, list) else [ends]) if end is not None]


def _last_states_in_one_piece(model: "PreTrainedModel") -> AbstractContextManager:
    """Copy the last state of each row out of all states before the head; undone on leaving.

    Left where it is, torch 2.13 multiplies a frozen bfloat16 head with each row apart and copies
    the head for each: 100 rows and a vocabulary of 49,152 took 5.5 GB and 10 seconds.
    """
    head = model.get_output_embeddings()
    if head is None:
        return nullcontext()
    return head.register_forward_pre_hook(lambda _, given: tuple(x.contiguous() for x in given))


def _common_beginning(prompts: list[list[int]]) -> list[int]:
    """The tokens with which all prompts begin; at least one token is left to each."""
    shortest = min((len(prompt) for prompt in prompts), default=1)
    return os.path.commonprefix(prompts)[: shortest - 1]


def _greedy(
    model: "PreTrainedModel",
    ids: torch.Tensor,
    mask: torch.Tensor,
    cache: "Cache",
    max_new_tokens: int,
    end_ids: list[int],
) -> list[list[int]]:
    """The most likely token, one after the other, until each row has ended.

    The tokens are those of `model.generate(do_sample=False)`, but rows that have ended leave the
    batch. `generate` computes them to the end of the longest: for a base that rambles in one row
    of five, most of the time.
    """
    ends = torch.tensor(end_ids, dtype=torch.long, device=ids.device)
    new: list[list[int]] = [[] for _ in ids]
    rows = list(range(len(ids)))  # which answers the rows of the present batch belong to
    is_open = torch.ones(len(ids), dtype=torch.bool, device=ids.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    for _ in range(max_new_tokens):
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        chosen = out.logits[:, -1].argmax(-1)
        for row, token, wanted in zip(rows, chosen.tolist(), is_open.tolist(), strict=True):
            if wanted:
                new[row].append(token)
        is_open &= ~torch.isin(chosen, ends)
        if not is_open.any():
            break
        if is_open.sum() <= _OPEN_SHARE * len(rows):
            keep = is_open.nonzero().squeeze(1)
            rows = [rows[i] for i in keep.tolist()]
            cache.batch_select_indices(keep)
            chosen, mask, positions = chosen[keep], mask[keep], positions[keep]
            is_open = is_open[keep]
        ids, positions = chosen[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    return new


def _without_virtual_tokens(model: Any) -> "tuple[PreTrainedModel, PeftModel | None]":
    """The model below PEFT's virtual tokens, and what gives these; None for all other models."""
    return (model.get_base_model(), model) if is_prompt_learning(model) else (model, None)


def _prefix_cache(
    model: "PreTrainedModel",
    prefix: list[int],
    virtual: "PeftModel | None",
    device: torch.device,
) -> "Cache":
    """What attention remembers of virtual tokens and prefix, computed once for all prompts."""
    cache = roomy_cache()
    if virtual is not None:
        given = virtual.get_prompt(batch_size=1)
        if isinstance(given, torch.Tensor):  # embeddings
            embeddings = given.to(model.get_input_embeddings().weight.dtype)
            model(inputs_embeds=embeddings, past_key_values=cache, use_cache=True, logits_to_keep=1)
        else:  # keys and values
            for at, layer in enumerate(given.layers):
                cache.update(layer.keys, layer.values, at)
    if prefix:
        ids = torch.tensor([prefix], device=device)
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


def _pad_left(
    rows: list[list[int]], pad_id: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, device=device)
    mask = torch.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, width - len(row) :] = torch.tensor(row, device=device)
        mask[at, width - len(row) :] = 1
    return ids, mask
