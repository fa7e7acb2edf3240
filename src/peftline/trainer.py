"""TRL's trainer, set up for a recipe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback
from trl import SFTConfig

from peftline import adapters, optimizers, training
from peftline.errors import PeftlineError
from peftline.handles import Tokenised
from peftline.objectives.collate import PadRight
from peftline.objectives.sft import SupervisedTokensTrainer, TokensPerRow
from peftline.prepare import Prepared
from peftline.progress import History
from peftline.recipe import Recipe
from peftline.rendering import token_rows
from peftline.speed.layers import causal_lm_of

_OF_ROUTERS = ("output_router_logits", "router_aux_loss_coef")


def build_trainer(
    recipe: Recipe,
    prepared: Prepared,
    tokenised: Tokenised,
    seed: int,
    checkpoints: Path,
    history: History,
    resumes: bool,
) -> SupervisedTokensTrainer:
    """The trainer of a prepared model.

    Args:
        checkpoints: folder they are written to.
        history: is told all losses.
        resumes: whether the run goes on from a checkpoint.

    Raises:
        PeftlineError: there is more than one process or visible GPU.
    """
    model, tokenizer = prepared.model, prepared.tokenizer
    companions = adapters.companions(recipe.adapter, model, prepared.plan)
    stops_early = [EarlyStoppingCallback(p)] if (p := recipe.training.patience) else []
    with _router_settings_kept(model):
        trainer = SupervisedTokensTrainer(
            model=model,
            args=_arguments(recipe, prepared, seed, checkpoints, resumes),
            train_dataset=token_rows.open_without_ids(tokenised.path, "train"),
            eval_dataset=token_rows.open_without_ids(tokenised.path, "validation"),
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
            tokens_per_row=TokensPerRow(
                tokenised.supervised_tokens / tokenised.train,
                tokenised.validation_supervised_tokens / tokenised.validation,
            ),
        )
    _keep_trainables_in_float32(model)  # which the trainer has just changed
    return trainer


def _arguments(
    recipe: Recipe, prepared: Prepared, seed: int, checkpoints: Path, resumes: bool
) -> SFTConfig:
    steps = prepared.plan.steps
    arguments = SFTConfig(
        output_dir=str(checkpoints),
        **training.arguments(recipe.training, steps, prepared.rows_per_step),
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


@contextmanager
def _router_settings_kept(model: Any) -> Iterator[None]:
    """Undo what TRL 1.16 writes into the configuration of a model with experts.

    The delivered model would compute its router's loss with every answer. What training adds of it
    does not depend on the configuration (`speed/ending.py`).
    """
    settings = vars(causal_lm_of(model).config.get_text_config())
    before = {name: settings[name] for name in _OF_ROUTERS if name in settings}
    yield
    for name in _OF_ROUTERS:
        settings.pop(name, None)
    settings.update(before)


def _keep_trainables_in_float32(model: torch.nn.Module) -> None:
    """Undo TRL's cast of a quantised model's adapter to bf16.

    TRL 1.16 casts it for quantised bases only, so that LoRA and QLoRA would not train on equal
    terms; a step of 1e-4 on a weight near 1 is also below what bf16 can add.
    """
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
