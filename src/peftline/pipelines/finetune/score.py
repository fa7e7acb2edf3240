"""Nodes that score what was trained, and what it has cost."""

from pathlib import Path

from peftline import adapters
from peftline.delivery.placement import Placement
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits
from peftline.pipelines.finetune.named import general_text
from peftline.quantization import NoQuantization
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def place(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    evaluation: Evaluation,
    recipe: Recipe,
) -> Placement:
    """On which weights all that follows is measured; decided once training has left the device."""
    from peftline.delivery import placement

    placed = placement.place(base, recipe.quantization, evaluation.memory_bytes)
    if placed.scored_on == "quantized" and adapters.saved_as_difference(recipe.adapter):
        raise PeftlineError(
            f"The base in 16 bits ({placed.unquantized_bytes} bytes) does not fit this device "
            f"({placed.available_bytes} bytes free), and this adapter belongs to it alone: it is "
            "saved as the difference to its beginning. Score it on a larger device, or on the CPU."
        )
    return placed


def evaluate(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    placement: Placement,
) -> tuple[list[dict], dict]:
    """Answer the test split with what is delivered: an adapter on the unquantised base, or the
    whole model."""
    from peftline.evaluation import answers

    held = placement.quantization
    return answers.score_trained(base, trained, splits, rendering, evaluation, held)


def validate_answers(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    placement: Placement,
) -> dict:
    """The same on the validation split, so that settings can be chosen without the test split;
    empty unless `evaluation.validation` is set."""
    from peftline.evaluation import answers

    if not evaluation.validation:
        return {}
    held = placement.quantization
    return answers.score_trained(
        base, trained, splits, rendering, evaluation, held, side="validation"
    )[1]


def evaluate_quantized(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    placement: Placement,
    recipe: Recipe,
) -> tuple[dict, dict]:
    """The same adapter on the quantised base it was trained on, and in the same way on the
    unquantised one; empty where there is none, or where the first is what is scored anyway.

    What is saved as a difference to its beginning belongs to the unquantised base alone.
    """
    from peftline.evaluation import answers

    unquantized = isinstance(recipe.quantization, NoQuantization)
    if unquantized or adapters.saved_as_difference(recipe.adapter) or not evaluation.quantized:
        return {}, {}
    if placement.scored_on == "quantized":
        return {}, {}
    asked = (base, adapter, splits, rendering, evaluation)
    return (
        answers.score_beside(*asked, recipe.quantization),
        answers.score_beside(*asked, NoQuantization()),
    )


def measure_forgetting(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    evaluation: Evaluation,
    placement: Placement,
    store_root: str,
) -> dict:
    """The loss on a general text before and after training; empty if it is not wanted."""
    from peftline.base_model import hardware
    from peftline.evaluation import forgetting

    if not evaluation.forgetting:
        return {}
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    text, root = general_text(evaluation), Path(store_root)
    return forgetting.measure(base, trained, text, dtype, root, placement.quantization)


def measure_latency(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    placement: Placement,
) -> dict:
    """How fast what was trained answers, unmerged and merged; empty if it is not wanted."""
    from peftline.base_model import hardware
    from peftline.evaluation import latency

    if not evaluation.latency:
        return {}
    dtype, held = hardware.scoring_dtype(evaluation.dtype), placement.quantization
    return latency.measure(base, trained, splits, rendering, dtype, held) or {}
