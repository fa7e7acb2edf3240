"""How fast an adapter answers beside the base, and merged into it."""

import statistics
import time
from itertools import islice
from typing import Any

import torch

from peftline.base_model import context
from peftline.base_model.loading import load_base, load_model, load_tokenizer
from peftline.corpus.split import iterate
from peftline.delivery import adapter as adapters
from peftline.delivery.layer_by_layer import merge_in_place
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits
from peftline.quantization import NoQuantization, Quantization
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.schema import Rendering

_NEW_TOKENS = 32
_PROMPTS = 3  # each is answered once; the median counts


def measure(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    dtype: torch.dtype,
    held: Quantization | None = None,
) -> dict[str, Any] | None:
    """New tokens per second of plain `generate`, greedy, one prompt at a time.

    The first questions of the validation split that the model can read with such an answer are
    asked; the time is that of the whole call, prompt included. Answers do not end before their 32
    tokens, so that all models make as many.

    Args:
        dtype: what is scored and merged in.
        held: how the base is, where the unquantised one is too large for the device; nothing is
            merged into it.

    Returns:
        `unmerged_tokens_per_second` (null for a whole model), `merged_tokens_per_second` (null for
        what cannot be merged), `new_tokens` of an answer, `prompts`, `batch_size`, `dtype`; None
        where nothing is asked, as in plain text, or can be read.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(trained, base, splits, rendering.model_dump())
    template = templates.load(load_tokenizer(base), rendering)
    prompts = _prompts(splits, template, context.tokens_of_folder(base))
    if not prompts:
        return None
    unmerged = merged = None
    if isinstance(trained, ModelFolder):
        model = load_model(trained, dtype)
        merged = _tokens_per_second(model, prompts, template.end_id)
    else:
        model = adapters.load(load_base(base, dtype, held), trained)
        unmerged = _tokens_per_second(model, prompts, template.end_id)
        if trained.merges and isinstance(held, NoQuantization | None):
            merged = _tokens_per_second(merge_in_place(model), prompts, template.end_id)
    return {
        "unmerged_tokens_per_second": unmerged,
        "merged_tokens_per_second": merged,
        "new_tokens": _NEW_TOKENS,
        "prompts": len(prompts),
        "batch_size": 1,
        "dtype": str(model.dtype).removeprefix("torch."),
    }


def _prompts(splits: Splits, template: Template, most: int | None) -> list[list[int]]:
    """Token ids of the first questions that can be answered within `most` tokens."""
    asked = (example for example in iterate(splits, "validation") if example.prompt)
    texts = (render.prompt_text(one.prompt, template, one.tools) for one in asked)
    encoded = (template.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts)
    prompts = (render.with_bos(ids, template) for ids in encoded)
    fitting = (ids for ids in prompts if most is None or len(ids) + _NEW_TOKENS <= most)
    return list(islice(fitting, _PROMPTS))


def _tokens_per_second(model: Any, prompts: list[list[int]], pad_id: int) -> float:
    """Median over the prompts; the first one is answered once more before, to warm up."""
    seconds = []
    for ids in [prompts[0], *prompts]:
        given = torch.tensor([ids], device=model.device)
        begin = time.perf_counter()
        made = model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=_NEW_TOKENS,
            min_new_tokens=_NEW_TOKENS,
            do_sample=False,
            pad_token_id=pad_id,
        )
        made.cpu()  # an accelerator has not finished before
        seconds.append(time.perf_counter() - begin)
    return round(_NEW_TOKENS / statistics.median(seconds[1:]), 2)
