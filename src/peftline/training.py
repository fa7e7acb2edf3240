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
    """Examples per optimizer step."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """Shape of the rate after the warm-up."""
    warmup_share: float = Field(0.05, ge=0, lt=1)
    """Share of the steps in which the rate rises from zero."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    evaluations: int = Field(4, ge=1)
    """How often the validation loss is measured, evenly spread, the last time at the end."""
    checkpoints: int = Field(4, ge=1)
    """How often a checkpoint is written, evenly spread; only the last is kept."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    speed: Speed = Field(default_factory=Speed)
    """Shortcuts that change time and memory, not the result."""


def total_steps(config: Training, rows: int) -> int:
    """Optimizer steps of a run over `rows` training examples."""
    if config.max_steps is not None:
        return config.max_steps
    steps_per_epoch = math.ceil(rows / config.batch_size)
    return max(1, math.ceil(config.epochs * steps_per_epoch))


def arguments(config: Training, steps: int) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to budget and schedule."""
    return {
        "max_steps": steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": round(config.warmup_share * steps),
        "max_grad_norm": config.max_grad_norm,
        "per_device_train_batch_size": config.batch_size,
        "per_device_eval_batch_size": _VALIDATION_ROWS,
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        # Rounded up: the trainer evaluates after the last step in any case.
        "eval_steps": math.ceil(steps / config.evaluations),
        "save_steps": math.ceil(steps / config.checkpoints),
    }
