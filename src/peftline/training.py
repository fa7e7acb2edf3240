"""The training axis: how long, in which batches, at which rate."""

import math
from typing import Any, Literal

from pydantic import Field, model_validator

from peftline.config import Config


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
    micro_batch_size: int | None = Field(None, ge=1)
    """Examples per forward pass, a divisor of `batch_size` (the default takes all at once).
    Smaller needs less memory and gives the same gradients."""
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

    @model_validator(mode="after")
    def _whole_micro_batches(self) -> "Training":
        if self.batch_size % micro_batch_size(self):
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of micro_batch_size "
                f"{self.micro_batch_size}"
            )
        return self


def total_steps(config: Training, rows: int) -> int:
    """Optimizer steps of a run over `rows` training examples."""
    if config.max_steps is not None:
        return config.max_steps
    steps_per_epoch = math.ceil(rows / config.batch_size)
    return max(1, math.ceil(config.epochs * steps_per_epoch))


def micro_batch_size(config: Training) -> int:
    """Examples per forward pass."""
    return config.micro_batch_size or config.batch_size


def accumulation(config: Training) -> int:
    """Forward passes per optimizer step."""
    return config.batch_size // micro_batch_size(config)


def arguments(config: Training, steps: int) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to budget and schedule."""
    return {
        "max_steps": steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": round(config.warmup_share * steps),
        "max_grad_norm": config.max_grad_norm,
        "per_device_train_batch_size": micro_batch_size(config),
        # Without gradients four times the rows take no more memory, and a 4-bit base is
        # unpacked a quarter as often.
        "per_device_eval_batch_size": 4 * micro_batch_size(config),
        "gradient_accumulation_steps": accumulation(config),
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        # Rounded up: the trainer evaluates after the last step in any case.
        "eval_steps": math.ceil(steps / config.evaluations),
        "save_steps": math.ceil(steps / config.checkpoints),
    }
