"""Greedy answers in batches: sorted by length, padded on the left, one shared prefix."""

import copy
from typing import TYPE_CHECKING

import torch
from tqdm.auto import tqdm

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[int]],
    max_new_tokens: int,
    batch_tokens: int,
    prefix: list[int] | None = None,
    title: str = "Generating",
) -> list[str]:
    """Answer each prompt; the order of the answers is that of the prompts.

    Args:
        prompts: token ids, without the prefix.
        max_new_tokens: where an answer that does not end is cut.
        batch_tokens: prompts and answers generated together, counted with padding.
        prefix: token ids that stand before every prompt; computed once and its cache shared.
        title: of the progress bar.
    """
    prefix = prefix or []
    device = next(model.parameters()).device
    model.eval()
    answers: list[str] = [""] * len(prompts)
    with torch.inference_mode(), tqdm(total=len(prompts), desc=title, unit="answer") as bar:
        cache = _prefix_cache(model, prefix, device)
        for batch in _batches(prompts, max_new_tokens, batch_tokens, len(prefix)):
            ids, mask = _pad_left([prompts[i] for i in batch], tokenizer.pad_token_id, device)
            before = torch.tensor(prefix, dtype=torch.long, device=device).expand(len(batch), -1)
            arguments = {}
            if cache is not None:
                arguments["past_key_values"] = copy.deepcopy(cache)
                arguments["past_key_values"].batch_repeat_interleave(len(batch))
            out = model.generate(
                input_ids=torch.cat([before, ids], dim=1),
                attention_mask=torch.cat([torch.ones_like(before), mask], dim=1),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
                **arguments,
            )
            new = out[:, len(prefix) + ids.shape[1] :]
            texts = tokenizer.batch_decode(new, skip_special_tokens=True)
            for i, text in zip(batch, texts, strict=True):
                answers[i] = text
            bar.update(len(batch))
    return answers


def _prefix_cache(model: "PreTrainedModel", prefix: list[int], device: torch.device) -> object:
    if not prefix:
        return None
    ids = torch.tensor([prefix], device=device)
    # One token less than the prefix would do as well; `generate` feeds what the cache lacks.
    return model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values


def _batches(
    prompts: list[list[int]], max_new_tokens: int, batch_tokens: int, prefix_tokens: int
) -> list[list[int]]:
    """Indices in batches of like length, the longest first: too large a batch fails at once."""
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    batches: list[list[int]] = []
    width = 0
    for i in order:
        if batches and (len(batches[-1]) + 1) * width <= batch_tokens:
            batches[-1].append(i)
        else:
            width = prefix_tokens + len(prompts[i]) + max_new_tokens
            batches.append([i])
    return batches


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
