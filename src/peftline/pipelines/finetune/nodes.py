"""Nodes of a recipe. Heavy libraries are imported when a node runs."""

from pathlib import Path
from typing import Any

from peftline import adapters, identity
from peftline.data_schema import Data
from peftline.handles import (
    AdapterFolder,
    BaseModelFolder,
    Examples,
    ModelFolder,
    Splits,
    Tokenised,
)
from peftline.paths import project_folder, project_path, recipe_names
from peftline.quantization import NoQuantization
from peftline.schema import Evaluation, Recipe, Rendering


def tokenise(
    splits: Splits, base: BaseModelFolder, rendering: Rendering, store_root: str
) -> Tokenised:
    """Render and tokenise training and validation examples."""
    from peftline.rendering.tokenise import tokenise as _tokenise

    return _tokenise(splits, base, rendering, Path(store_root))


def inspect(
    base: BaseModelFolder,
    examples: Examples,
    splits: Splits,
    tokenised: Tokenised,
    recipe: Recipe,
    data: Data,
    rendering: Rendering,
    evaluation: Evaluation,
    seed: int,
    run: dict,
) -> tuple[dict, str]:
    """What the model will see and what the run will cost, as a report and as a page."""
    from peftline.evaluation import text_loss
    from peftline.preflight.inspect import inspect as look
    from peftline.reports.preflight import page

    if evaluation.forgetting:
        text_loss.read(_general_text(evaluation))  # refused here, not after the training
    report = look(
        name=run["recipe"],
        recipe=recipe,
        seed=seed,
        data=data,
        rendering=rendering,
        evaluation=evaluation,
        base=base,
        examples=examples,
        splits=splits,
        tokenised=tokenised,
        for_training=run["trains"],
        parts=_parts(recipe, run, seed),
    )
    return report, page(report)


def _parts(recipe: Recipe, run: dict, seed: int) -> list[AdapterFolder]:
    """The trained adapters that a recipe is made of: of other recipes, or by their folders."""
    from peftline.delivery import adapter

    folders = [
        Path(run["models"], name, f"seed-{seed}", "adapter")
        if name in recipe_names()
        else Path(project_path(name))
        for name in getattr(recipe.adapter, "adapters", ())
    ]
    return [adapter.describe(folder) for folder in folders]


def gate(preflight: dict) -> dict:
    """Stop here if the preflight has found an error."""
    from peftline.preflight import problems

    return problems.gate(preflight)


def train(
    base: BaseModelFolder,
    tokenised: Tokenised,
    recipe: Recipe,
    seed: int,
    run: dict,
    cleared: dict,
) -> tuple[Any, dict]:
    """Train one recipe, or continue a killed run with the same inputs."""
    from peftline import fine_tune
    from peftline.pipelines.finetune.live import log_to_mlflow

    parts = _parts(recipe, run, seed)
    return fine_tune.fine_tune(
        recipe=recipe,
        name=run["recipe"],
        base=base,
        tokenised=tokenised,
        seed=seed,
        input_hash=identity.input_hash(recipe, base, tokenised, seed, parts),
        checkpoints=Path(run["checkpoints"]),
        listener=log_to_mlflow,
        parts=parts,
    )


def plot(history: dict, run: dict) -> Any:
    """Training and validation loss over steps."""
    from peftline.reports.plots import learning_curve

    return learning_curve(history, run["recipe"])


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
    return forgetting.measure(base, trained, _general_text(evaluation), dtype, Path(store_root))


def _general_text(evaluation: Evaluation) -> Path | None:
    text = evaluation.general_text
    return Path(project_path(str(text))) if text else None


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


def merge(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
) -> tuple[Any, dict]:
    """Merge into a fresh, unquantised base and prove that nothing changed."""
    from peftline.base_model import hardware
    from peftline.delivery import merge as _merge

    dtype = hardware.scoring_dtype(evaluation.dtype)
    return _merge.merge(base, adapter, splits, rendering, dtype)


def summarise(
    trained: AdapterFolder | ModelFolder,
    base: BaseModelFolder,
    splits: Splits,
    tokenised: Tokenised,
    recipe: Recipe,
    evaluation: Evaluation,
    history: dict,
    metrics: dict,
    validation_metrics: dict,
    base_metrics: dict,
    predictions: list[dict],
    base_predictions: list[dict],
    forgetting: dict,
    generation: dict,
    metrics_quantized: dict | None = None,
    merge_report: dict | None = None,
) -> dict:
    """The result of the run in one file, with its verdict."""
    from peftline.reports import summary

    return summary.summarise(
        trained=trained,
        base=base,
        splits=splits,
        tokenised=tokenised,
        recipe=recipe,
        evaluation=evaluation,
        history=history,
        scores=metrics,
        scores_validation=validation_metrics or None,
        scores_quantized=metrics_quantized or None,
        base_scores=base_metrics,
        predictions=predictions,
        base_predictions=base_predictions,
        forgetting=forgetting or None,
        generation=generation or None,
        merge_report=merge_report,
        git_sha=identity.git_sha(project_folder()),
    )
