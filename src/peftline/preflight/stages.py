"""The memory that each stage of a run will need, beside what the machine has."""

from typing import Any

import torch

from peftline import adapters, capabilities
from peftline.base_model import hardware
from peftline.base_model.shapes import Shapes, shapes_of
from peftline.delivery.placement import Placement, place
from peftline.delivery.stage_memory import Asked, Held, answering, merging, reading, weights_bytes
from peftline.handles import BaseModelFolder, Splits, Tokenised
from peftline.quantization import FP4, NF4, NoQuantization, Quantization
from peftline.recipe import Recipe
from peftline.schema import Evaluation

_HOST = torch.device("cpu")


def predict(
    recipe: Recipe,
    base: BaseModelFolder,
    splits: Splits,
    tokenised: Tokenised,
    evaluation: Evaluation,
    training_bytes: int,
    adapter_bytes: int,
) -> dict[str, Any]:
    """Predict the peak of every stage.

    Args:
        training_bytes: as the probe has measured them.
        adapter_bytes: of the adapter's file, about; 0 for a whole model.

    Returns:
        `stages`: by name, `bytes`, `device` where it runs and `device_bytes` that it has there;
        `scored_on`, as `Placement` has it.
    """
    device = hardware.device()
    has = hardware.memory_bytes(device)
    limit = has if evaluation.memory_bytes is None else min(has, evaluation.memory_bytes)
    placement = place(base, recipe.quantization, limit)
    row = tokenised.lengths["longest"] + evaluation.max_new_tokens
    asked = Asked(min(evaluation.batch_tokens, splits.test * row), row)
    shapes = shapes_of(base)
    needed = {"training": training_bytes, "base": _base(base, shapes, evaluation, asked, limit)}
    needed |= _of_trained(recipe, shapes, evaluation, asked, adapter_bytes, placement)
    stages = {}
    for name, size in needed.items():
        where, room = device, has if name == "training" else limit
        if name == "merge" and placement.merge_device is not None:
            where, room = _HOST, hardware.memory_bytes(_HOST)
        stages[name] = {"bytes": size, "device": where.type, "device_bytes": room}
    return {"stages": stages, "scored_on": placement.scored_on}


def _base(
    base: BaseModelFolder, shapes: Shapes, evaluation: Evaluation, asked: Asked, limit: int
) -> int:
    """Of scoring the base alone, in four bits where 16 do not fit (`evaluation.base`)."""
    native = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    quantization = place(base, NF4(), limit).quantization
    return answering(shapes, Held(quantization, native, 0, merges=False), asked)


def _of_trained(
    recipe: Recipe,
    shapes: Shapes,
    evaluation: Evaluation,
    asked: Asked,
    adapter_bytes: int,
    placement: Placement,
) -> dict[str, int]:
    """Of the stages after training that the recipe has."""
    native, delivered = (
        hardware.scoring_dtype(evaluation.dtype, delivered=one) for one in (False, True)
    )
    mergeable = capabilities.delivers(recipe.adapter.model_dump()) == "adapter and merged"
    merges = mergeable and placement.scored_on == "unquantized"

    def held(dtype: torch.dtype, quantization: Quantization, *, merged: bool) -> Held:
        """The base with the adapter."""
        return Held(quantization, dtype, adapter_bytes, merged)

    scored = held(delivered, placement.quantization, merged=merges)
    stages = {"scoring": answering(shapes, scored, asked)}
    quantized = not isinstance(recipe.quantization, NoQuantization)
    alone = adapters.saved_as_difference(recipe.adapter)  # belongs to the unquantised base
    if quantized and not alone and evaluation.quantized and placement.scored_on == "unquantized":
        beside = held(native, NoQuantization(), merged=False)
        # Four bits are there with what is unpacked from them; int8 takes less than 16 bits.
        packed = weights_bytes(shapes, held(native, recipe.quantization, merged=False))
        unpacks = isinstance(recipe.quantization, NF4 | FP4)
        stages["scoring beside the base"] = answering(shapes, beside, asked) + unpacks * packed
    if evaluation.forgetting:
        read = held(native, placement.quantization, merged=merges)
        stages["forgetting"] = reading(shapes, read)
    if evaluation.latency:
        stages["latency"] = answering(shapes, scored, Asked(asked.row_tokens, asked.row_tokens))
    if mergeable:
        whole = held(delivered, NoQuantization(), merged=True)
        stages["merge"] = merging(shapes, whole, asked)
    return stages
