"""Nodes that train one recipe, and make of it what is delivered."""

from pathlib import Path
from typing import Any

from peftline import identity
from peftline.delivery.placement import Placement
from peftline.handles import AdapterFolder, BaseModelFolder, Splits, Tokenised
from peftline.pipelines.finetune.named import parts_of
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def train(
    base: BaseModelFolder,
    tokenised: Tokenised,
    recipe: Recipe,
    seed: int,
    run: dict,
    cleared: dict,
) -> tuple[Any, dict]:
    """Train one recipe, or continue a killed run with the same inputs. Note how and where."""
    from peftline import fine_tune, machine
    from peftline.pipelines.finetune.live import log_to_mlflow

    parts = parts_of(recipe, run, seed)
    trained, history = fine_tune.fine_tune(
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
    return trained, history | {
        "hardware": machine.hardware().model_dump(mode="json"),
        "settings": recipe.model_dump(mode="json"),
    }


def plot(history: dict, run: dict) -> Any:
    """Training and validation loss over steps."""
    from peftline.reports.plots import learning_curve

    return learning_curve(history, run["recipe"])


def merge(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    placement: Placement,
) -> tuple[Any, dict]:
    """Merge into a fresh, unquantised base and prove that nothing changed."""
    from peftline.base_model import hardware
    from peftline.delivery import merge as _merge

    dtype = hardware.scoring_dtype(evaluation.dtype)
    return _merge.merge(base, adapter, splits, rendering, dtype, placement.merge_device)
