"""The training axis: how long, in which batches, at which rate."""

import math
from typing import Any, Literal

from pydantic import Field

from peftline.config import Config
from peftline.speed import Speed

# Rows of validation at once: without gradients they take little memory, and a 4-bit base is
# unpacked less often.
_VALIDATION_ROWS = 16


class Training(Config):
    """Budget and schedule of one run."""

    learning_rate: float = Field(2e-3, gt=0)
    """Peak rate. Suits LoRA of rank 16 on SmolLM2-135M in some 150 steps; larger bases want less,
    from 7B parameters on 1e-4 to 2e-4 (Dettmers et al. 2023)."""
    epochs: float = Field(1.0, gt=0)
    """Passes over the training split."""
    max_steps: int | None = Field(None, ge=1)
    """Optimizer steps; takes the place of `epochs`."""
    batch_size: int = Field(4, ge=1)
    """Examples per optimizer step. As many of them pass the model at once as
    `speed.micro_batch_tokens` allows; the gradients are those of the whole step."""
    batch_tokens: int | None = Field(None, ge=1)
    """Tokens per optimizer step, on average; takes the place of `batch_size`."""
    schedule: Literal["cosine", "linear", "constant", "restarts"] = "cosine"
    """Shape of the rate after the warm-up. `restarts`: a cosine, several times from the peak."""
    cycles: int = Field(3, ge=1)
    """How often `restarts` begins at the peak."""
    warmup_share: float = Field(0.05, ge=0, lt=1)
    """Share of the steps in which the rate rises from zero."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    evaluations: int = Field(4, ge=1)
    """How often the validation loss is measured, evenly spread, the last time at the end."""
    checkpoints: int = Field(4, ge=1)
    """How often a checkpoint is written, evenly spread; only the last is kept. With `patience` one
    is written at each measurement instead, and the best is kept too."""
    patience: int | None = Field(None, ge=1)
    """Stop after so many measurements in a row without a lower validation loss, and keep the
    weights of the lowest. The one before the first step does not count. The default trains to the
    end and keeps the last."""
    neftune_alpha: float | None = Field(None, gt=0)
    """Uniform noise on the embeddings while training, alpha / sqrt(tokens * width) (NEFTune, Jain
    et al. 2023, arXiv:2310.05914, who use 5 to 15)."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    speed: Speed = Field(default_factory=Speed)
    """Shortcuts that change time and memory, not the result."""


# By their names in transformers, whose plain `constant` has no warm-up.
_SCHEDULES = {"restarts": "cosine_with_restarts", "constant": "constant_with_warmup"}


def rows_per_step(config: Training, tokens_per_row: float) -> int:
    """Examples of an optimizer step.

    Args:
        tokens_per_row: on average over the training split.
    """
    if config.batch_tokens is None:
        return config.batch_size
    return max(1, round(config.batch_tokens / tokens_per_row))


def total_steps(config: Training, rows: int, tokens_per_row: float) -> int:
    """Optimizer steps of a run over `rows` training examples."""
    if config.max_steps is not None:
        return config.max_steps
    steps_per_epoch = math.ceil(rows / rows_per_step(config, tokens_per_row))
    return max(1, math.ceil(config.epochs * steps_per_epoch))


def arguments(config: Training, steps: int, rows: int) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to budget and schedule.

    Args:
        steps: of the whole run.
        rows: examples of a step.
    """
    # Rounded up: the trainer evaluates after the last step in any case.
    eval_steps = math.ceil(steps / config.evaluations)
    stops_early = {
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        # The weights of each measurement, until they are known not to be the best.
        "save_steps": eval_steps,
    }
    restarts = {"num_cycles": config.cycles} if config.schedule == "restarts" else {}
    return {
        "max_steps": steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": _SCHEDULES.get(config.schedule, config.schedule),
        "lr_scheduler_kwargs": restarts,
        "warmup_steps": round(config.warmup_share * steps),
        "max_grad_norm": config.max_grad_norm,
        "per_device_train_batch_size": rows,
        "per_device_eval_batch_size": _VALIDATION_ROWS,
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "neftune_noise_alpha": config.neftune_alpha,
        "eval_steps": eval_steps,
        "save_steps": math.ceil(steps / config.checkpoints),
        **(stops_early if config.patience else {}),
    }
