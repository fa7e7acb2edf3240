"""The story of one training run: load, wrap, train, hand over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import datasets
import torch
from transformers import EarlyStoppingCallback, set_seed
from trl import SFTConfig

from peftline import adapters, capabilities, optimizers, quantization, speed, store, training
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.checkpoints import find_checkpoint
from peftline.delivery.adapter import check_matches
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Tokenised
from peftline.memory import PeakMemory
from peftline.objectives.collate import PadRight
from peftline.objectives.sft import SupervisedTokensTrainer
from peftline.progress import History, Record
from peftline.rendering import stored
from peftline.schema import Recipe

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# What an adapter remembers of those that it is made of.
_OF_A_PART = {"recipe", "seed", "sha256", "data_sha256"}
_ROWS_LOOKED_AT = 8  # at once, for initial values that depend on the data


@dataclass(frozen=True)
class TrainedModel:
    """A trained model in memory and what there is to know about how it was trained."""

    model: "PeftModel | PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    identity: dict[str, Any]
    """Hashes of all that the adapter depends on; stored beside it."""
    checkpoints: Path
    """Of no use, and removed, once the adapter is saved."""
    initial: Path | None
    """The adapter as it began, where what is saved is the difference."""
    adapter: Any
    """The recipe's configuration of it."""


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
        PeftlineError: there is more than one process or visible GPU.

    Returns:
        The adapter, and its history: `records`, `steps`, `train_seconds`, `tokens_per_second`,
        `peak_memory_bytes`, `trainable_parameters`, `total_parameters`, …
    """
    with PeakMemory() as memory:
        set_seed(seed)  # before the adapter is built: its initial values are random
        tokenizer = load_tokenizer(base)
        # saved with the adapter: whoever loads it asks in the format it was trained on
        tokenizer.chat_template = tokenised.chat_template
        checkpoint = find_checkpoint(checkpoints, input_hash, recipe)
        per_row = tokenised.total_tokens / tokenised.train
        steps = training.total_steps(recipe.training, tokenised.train, per_row)
        plan = adapters.Plan(steps, lambda: _batches(tokenised, tokenizer), tokenizer)
        model = build_model(recipe, base, plan, parts)
        initial = adapters.keep_initial(recipe.adapter, model, checkpoints)
        history = History(listener)
        rows = training.rows_per_step(recipe.training, per_row)
        arguments = _arguments(
            recipe, steps, rows, seed, checkpoints, resumes=checkpoint is not None
        )
        trainer = _trainer(recipe, plan, arguments, model, tokenizer, tokenised, history)
        with (
            store.explained(checkpoints),
            adapters.inputs_kept(model),
            speed.applied(
                recipe.training.speed,
                model,
                _longest(trainer),
                capabilities.packing_obstacle(recipe),
            ),
        ):
            outcome = trainer.train(resume_from_checkpoint=checkpoint)
        seconds = history.seconds
    trainable, total = adapters.counts(model)
    facts = {"steps": outcome.global_step, "peak_memory_bytes": memory.bytes}
    facts |= {"trainable_parameters": trainable, "total_parameters": total}
    facts |= _outcome(history.records, seconds, tokenised, outcome.metrics.get("epoch", 0.0))
    if recipe.training.patience:  # the weights of the lowest measurement are kept, not the last
        facts["validation_loss"] = trainer.state.best_metric
    identity = _identity(base, tokenised, parts)
    identity |= {"recipe": name, "seed": seed, "input_hash": input_hash}
    identity |= {"trainable_parameters": trainable}
    model = adapters.finish(recipe.adapter, model)
    return TrainedModel(model, tokenizer, identity, checkpoints, initial, recipe.adapter), facts


def build_model(
    recipe: Recipe,
    base: BaseModelFolder,
    plan: adapters.Plan,
    parts: Sequence[AdapterFolder] = (),
) -> Any:
    """The base as a recipe holds it, with its adapter, ready to train.

    Raises:
        PeftlineError: a part was trained on another base, or the adapter does not fit.
    """
    for part in parts:
        check_matches(part, base)
    plan = plan._replace(
        parts=tuple(part.path for part in parts),
        unrounded=lambda: load_model(base, device=torch.device("cpu")),
    )
    model = load_model(base, quantized=recipe.quantization)
    return adapters.build(recipe.adapter, quantization.prepare(recipe.quantization, model), plan)


def _trainer(
    recipe: Recipe,
    plan: adapters.Plan,
    arguments: SFTConfig,
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerBase",
    tokenised: Tokenised,
    history: History,
) -> SupervisedTokensTrainer:
    companions = adapters.companions(recipe.adapter, model, plan)
    stops_early = [EarlyStoppingCallback(p)] if (p := recipe.training.patience) else []
    trainer = SupervisedTokensTrainer(
        model=model,
        args=arguments,
        train_dataset=_rows(tokenised, "train"),
        eval_dataset=_rows(tokenised, "validation"),
        data_collator=PadRight(tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[history, *companions.callbacks, *stops_early],
        optimizers=(
            optimizers.build(recipe.optimizer, model, recipe.training.learning_rate),
            None,
        ),
        penalty=companions.penalty,
        rate=companions.rate,
        speed=recipe.training.speed,
        tokens_per_row=tokenised.supervised_tokens / tokenised.train,
    )
    _keep_trainables_in_float32(model)  # which the trainer has just changed
    return trainer


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


def _identity(
    base: BaseModelFolder, tokenised: Tokenised, parts: Sequence[AdapterFolder]
) -> dict[str, Any]:
    """What the adapter was trained on, and what it is made of."""
    return {
        "base_id": base.id,
        "base_revision": base.revision,
        "base_sha256": base.sha256,
        "data_sha256": tokenised.data_sha256,
        "rendering": tokenised.rendering,
        "parts": [part.model_dump(include=_OF_A_PART) for part in parts],
    }


def _longest(trainer: SupervisedTokensTrainer) -> int:
    """Tokens of the longest row of training or validation."""
    sides = (trainer.train_dataset, trainer.eval_dataset)
    return max(max(side["length"], default=0) for side in sides)


def _rows(tokenised: Tokenised, side: str) -> datasets.Dataset:
    return stored.open_side(tokenised.path, side).remove_columns("id")


def _batches(
    tokenised: Tokenised, tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[dict[str, torch.Tensor]]:
    """Training rows, a few at a time."""
    collate = PadRight(tokenizer.pad_token_id)
    for rows in _rows(tokenised, "train").iter(_ROWS_LOOKED_AT):
        yield collate(
            [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
        )


def _arguments(
    recipe: Recipe, steps: int, rows: int, seed: int, checkpoints: Path, resumes: bool
) -> SFTConfig:
    arguments = SFTConfig(
        output_dir=str(checkpoints),
        **training.arguments(recipe.training, steps, rows),
        **optimizers.arguments(recipe.optimizer),
        seed=seed,
        data_seed=seed,
        # Only where rows are padded: in random batches 44 % of the positions would be padding.
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        max_length=None,  # tokenisation has decided which rows are too long
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        prediction_loss_only=True,
        eval_strategy="steps",
        # Of a resumed run it is known, and early stopping would count it as no gain.
        eval_on_start=not resumes,
        restore_callback_states_from_checkpoint=bool(recipe.training.patience),
        logging_steps=max(1, steps // 50),
        save_strategy="steps",
        save_total_limit=1,
        use_liger_kernel=recipe.training.speed.liger,
        bf16=False,  # the base is in bf16 already; the trainer casts adapters where they multiply
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
    )
    # On several devices a step would have several times `batch_size` rows without a word.
    if arguments.world_size > 1 or arguments.n_gpu > 1:
        raise PeftlineError(
            f"Training uses one process and one GPU; there are {arguments.world_size} processes "
            f"and {arguments.n_gpu} visible GPUs. Start one process, and set "
            "CUDA_VISIBLE_DEVICES=0."
        )
    return arguments


def _keep_trainables_in_float32(model: torch.nn.Module) -> None:
    """Undo TRL's cast of a quantised model's adapter to bf16.

    TRL 1.16 casts it for quantised bases only, so that LoRA and QLoRA would not train on equal
    terms; a step of 1e-4 on a weight near 1 is also below what bf16 can add.
    """
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _last(records: list[Record], name: str) -> float | None:
    return next((record[name] for record in reversed(records) if name in record), None)
