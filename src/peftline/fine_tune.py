"""The story of one training run: load, wrap, train, hand over."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peftline import adapters, capabilities, speed, store
from peftline.checkpoints import find_checkpoint
from peftline.handles import AdapterFolder, BaseModelFolder, Identity, Tokenised
from peftline.memory import PeakMemory
from peftline.objectives.sft import SupervisedTokensTrainer
from peftline.prepare import prepare
from peftline.progress import History, Record
from peftline.recipe import Recipe
from peftline.trained import TrainedModel
from peftline.trainer import build_trainer

# What an adapter remembers of those that it is made of.
_OF_A_PART = {"recipe", "seed", "sha256", "data_sha256"}


def fine_tune(
    recipe: Recipe,
    name: str,
    base: BaseModelFolder,
    tokenised: Tokenised,
    seed: int,
    input_hash: str,
    checkpoints: Path,
    listener: Callable[[Record], None] | None = None,
    parts: Sequence[AdapterFolder] = (),
) -> tuple[TrainedModel, dict[str, Any]]:
    """Train one adapter; continue where a killed run with the same inputs stopped.

    Args:
        name: of the recipe, for the record.
        input_hash: names all that the result depends on; checkpoints of another one are not used.
        checkpoints: folder for the last checkpoint; gone once the adapter is saved.
        listener: gets every record of losses as it happens.
        parts: trained adapters that this one is made of.

    Raises:
        PeftlineError: there is more than one process or visible GPU, or the adapter does not fit.

    Returns:
        The adapter, and its history: `records`, `steps`, `train_seconds`, `tokens_per_second`,
        `peak_memory_bytes`, `trainable_parameters`, `total_parameters`, …
    """
    with PeakMemory() as memory:
        checkpoint = find_checkpoint(checkpoints, input_hash, recipe)
        prepared = prepare(recipe, base, tokenised, seed, parts)
        model = prepared.model
        initial = adapters.keep_initial(recipe.adapter, model, checkpoints)
        history = History(listener)
        trainer = build_trainer(
            recipe, prepared, tokenised, seed, checkpoints, history, resumes=checkpoint is not None
        )
        obstacle = capabilities.packing_obstacle(recipe)
        with (
            store.explained(checkpoints),
            adapters.inputs_kept(model),
            speed.applied(recipe.training.speed, model, _longest(trainer), obstacle),
        ):
            outcome = trainer.train(resume_from_checkpoint=checkpoint)
        seconds = history.seconds
    trainable, total = adapters.counts(model)
    facts = {"steps": outcome.global_step, "peak_memory_bytes": memory.bytes}
    facts |= {"trainable_parameters": trainable, "total_parameters": total}
    facts |= _outcome(history.records, seconds, tokenised, outcome.metrics.get("epoch", 0.0))
    if recipe.training.patience:  # the weights of the lowest measurement are kept, not the last
        facts["validation_loss"] = trainer.state.best_metric
    identity = Identity(
        recipe=name,
        seed=seed,
        input_hash=input_hash,
        base_sha256=base.sha256,
        data_sha256=tokenised.data_sha256,
        rendering=tokenised.rendering,
        trainable_parameters=trainable,
        parts=[part.model_dump(include=_OF_A_PART) for part in parts],
    )
    trained = TrainedModel(
        model=adapters.finish(recipe.adapter, model),
        tokenizer=prepared.tokenizer,
        identity=identity,
        base=base,
        checkpoints=checkpoints,
        initial=initial,
        adapter=recipe.adapter,
    )
    return trained, facts


def _outcome(
    records: list[Record], seconds: float, tokenised: Tokenised, epochs: float
) -> dict[str, Any]:
    """Losses and speed of a run that has seen the training split `epochs` times."""
    total = tokenised.total_tokens * epochs
    return {
        "records": records,
        "train_loss": _last(records, "train_loss"),
        "validation_loss": _last(records, "validation_loss"),
        "train_seconds": round(seconds, 2),
        "tokens_per_second": round(total / seconds, 2),
        "tokens": {
            "total": round(total),
            "supervised": round(tokenised.supervised_tokens * epochs),
        },
    }


def _longest(trainer: SupervisedTokensTrainer) -> int:
    """Tokens of the longest row of training or validation."""
    sides = (trainer.train_dataset, trainer.eval_dataset)
    return max(max(side["length"], default=0) for side in sides)


def _last(records: list[Record], name: str) -> float | None:
    return next((record[name] for record in reversed(records) if name in record), None)
