"""A first step without training: its loss, and what a run will cost."""

import math
import shutil
import time
from collections.abc import Sequence
from typing import Any

import numpy
import torch

from peftline import adapters, capabilities, memory, optimizers, speed
from peftline.adapters import own_format
from peftline.base_model import context
from peftline.base_model.hardware import compute_dtype
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Tokenised
from peftline.objectives import micro_batches
from peftline.objectives.collate import PadRight
from peftline.objectives.token_losses import batch_loss, losses
from peftline.optimizer_memory import state_bytes
from peftline.prepare import prepare
from peftline.recipe import Recipe
from peftline.rendering import token_rows

_FLOAT_BYTES = 4
_FORWARD_SHARE = 1 / 3  # of a step; the backward pass computes two products for each one


def probe(
    recipe: Recipe,
    base: BaseModelFolder,
    tokenised: Tokenised,
    seed: int,
    merged_dtype: torch.dtype,
    parts: Sequence[AdapterFolder] = (),
) -> dict[str, Any]:
    """Measure one step on the longest rows and one on rows of median length.

    Time and memory are those of this machine, now; the optimizer's memory is added by its size.

    Args:
        merged_dtype: in which the merged model will be saved.
        parts: trained adapters that this one is made of.

    Raises:
        PeftlineError: rows are longer than the model can read.
    """
    with memory.PeakMemory() as peak:
        prepared = prepare(recipe, base, tokenised, seed, parts, most_batches=1)
        model, steps = prepared.model, prepared.plan.steps
        # As in training: it may decide what trains (LoRA-FA freezes A).
        optimizers.build(recipe.optimizer, model, recipe.training.learning_rate)
        rows = token_rows.open_side(tokenised.path, "train")
        collate = PadRight(prepared.tokenizer.pad_token_id)
        order = numpy.argsort(rows.data.column("length").to_numpy(), kind="stable")
        size = min(prepared.rows_per_step, len(rows))
        middle = max(0, len(order) // 2 - size // 2)
        shortcuts, longest = recipe.training.speed, rows[int(order[-1])]["length"]
        median = collate(list(rows.select(order[middle : middle + size])))
        obstacle = capabilities.packing_obstacle(recipe)
        _refuse_too_long(tokenised, context.tokens_left(model))
        with adapters.inputs_kept(model), speed.applied(shortcuts, model, longest, obstacle):
            loss = _loss(model, next(iter(prepared.plan.batches())))
            model.train()
            _step(model, collate(list(rows.select(order[-size:]))), shortcuts)
            seconds = min(_step(model, median, shortcuts) for _ in range(2))
    trainable, total = adapters.counts(model)
    states = state_bytes(recipe.optimizer, model)
    per_token = seconds / median["attention_mask"].sum().item()
    seen = steps * prepared.rows_per_step
    return {
        "step_0_loss": loss,
        "trainable_parameters": trainable,
        "total_parameters": total,
        "virtual_tokens": context.virtual_tokens(model),
        "steps": steps,
        "seconds_per_step": round(seconds, 3),
        "predicted_seconds": round(_seconds(recipe, tokenised, seen, per_token), 3),
        "optimizer_bytes": states,
        "adapter_bytes": _adapter(recipe, model),
        "predicted_memory_bytes": peak.bytes + states,
        "predicted_disk_bytes": _disk(recipe, base, model, merged_dtype, states),
        "free_disk_bytes": shutil.disk_usage(tokenised.path).free,
    }


def _refuse_too_long(tokenised: Tokenised, most: int | None) -> None:
    for side in ("train", "validation"):
        rows = token_rows.open_side(tokenised.path, side)
        lengths = rows.data.column("length").to_numpy()  # not as objects: there may be a million
        if most is not None and lengths.max() > most:
            what = f"rows of the {side} split"
            problem = context.why_too_long(rows["id"], lengths.tolist(), most, what)
            raise PeftlineError(
                f"{problem} Set rendering.max_length_tokens={most}, which leaves such rows out, "
                "and rendering.too_long to cut them instead; or take a base model that reads more."
            )


def _loss(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> float | None:
    """Mean over supervised tokens; None where it is not finite, for which JSON has no word."""
    with torch.no_grad():
        total, count = batch_loss(model, _placed(model, batch))
    loss = (total / count.clamp(min=1)).item()
    return round(loss, 5) if math.isfinite(loss) else None


def _step(model: torch.nn.Module, batch: dict[str, torch.Tensor], shortcuts: speed.Speed) -> float:
    """Seconds of one step's forward and backward passes."""
    begin = time.perf_counter()
    for part in micro_batches.parts(_placed(model, batch), shortcuts.micro_batch_tokens):
        total, count, _ = losses(model, part, shortcuts.supervised_head)
        (total / count.clamp(min=1)).backward()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    model.zero_grad()
    return time.perf_counter() - begin


def _placed(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    device = next(model.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _seconds(recipe: Recipe, tokenised: Tokenised, rows: int, per_token: float) -> float:
    per_row = tokenised.total_tokens / tokenised.train
    trained = rows * per_row
    looked_at = (recipe.training.evaluations + 1) * tokenised.validation * per_row
    return per_token * (trained + _FORWARD_SHARE * looked_at)


def _adapter(recipe: Recipe, model: Any) -> int:
    """Of the adapter's file; 0 for a whole model."""
    if capabilities.delivers(recipe.adapter.model_dump()) == "model":
        return 0
    return _FLOAT_BYTES * adapters.saved_parameters(recipe.adapter, model)


def _disk(
    recipe: Recipe,
    base: BaseModelFolder,
    model: Any,
    merged_dtype: torch.dtype,
    optimizer_bytes: int,
) -> int:
    """What is delivered, and one checkpoint with the optimizer's states."""
    adapter = _FLOAT_BYTES * adapters.saved_parameters(recipe.adapter, model)
    delivered = {
        "adapter": adapter,
        "adapter and merged": adapter + merged_dtype.itemsize * base.parameters,
        "model": _FLOAT_BYTES * base.parameters,
    }[capabilities.delivers(recipe.adapter.model_dump())]
    checkpoint = adapter + optimizer_bytes
    if own_format.has(recipe.adapter):  # the trainer saves the base with it
        checkpoint += compute_dtype().itemsize * base.parameters
    return delivered + checkpoint
