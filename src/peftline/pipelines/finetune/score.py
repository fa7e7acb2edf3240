"""Nodes that score what was trained, and what it has cost."""

from pathlib import Path

from peftline import adapters
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder, Splits
from peftline.pipelines.finetune.named import general_text
from peftline.quantization import NoQuantization
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def evaluate(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
) -> tuple[list[dict], dict]:
    """Answer the test split with what is delivered: an adapter on the unquantised base, or the
    whole model."""
    from peftline.evaluation import answers

    return answers.score_trained(base, trained, splits, rendering, evaluation)


def validate_answers(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
) -> dict:
    """The same on the validation split, so that settings can be chosen without the test split;
    empty unless `evaluation.validation` is set."""
    from peftline.evaluation import answers

    if not evaluation.validation:
        return {}
    return answers.score_trained(base, trained, splits, rendering, evaluation, side="validation")[1]


def evaluate_quantized(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    recipe: Recipe,
) -> dict:
    """The same adapter on the quantised base it was trained on; empty where there is none.

    What is saved as a difference to its beginning belongs to the unquantised base alone.
    """
    from peftline.evaluation import answers

    unquantized = isinstance(recipe.quantization, NoQuantization)
    if unquantized or adapters.saved_as_difference(recipe.adapter):
        return {}
    kind = recipe.quantization
    return answers.score_trained(base, adapter, splits, rendering, evaluation, kind)[1]


def measure_forgetting(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    evaluation: Evaluation,
    store_root: str,
) -> dict:
    """The loss on a general text before and after training; empty if it is not wanted."""
    from peftline.base_model import hardware
    from peftline.evaluation import forgetting

    if not evaluation.forgetting:
        return {}
    dtype = hardware.scoring_dtype(evaluation.dtype, delivered=False)
    return forgetting.measure(base, trained, general_text(evaluation), dtype, Path(store_root))


def measure_latency(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
) -> dict:
    """How fast what was trained answers, unmerged and merged; empty if it is not wanted."""
    from peftline.base_model import hardware
    from peftline.evaluation import latency

    if not evaluation.latency:
        return {}
    dtype = hardware.scoring_dtype(evaluation.dtype)
    return latency.measure(base, trained, splits, rendering, dtype) or {}
