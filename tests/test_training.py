import pytest
import torch
from transformers import get_scheduler
from trl import SFTConfig

from peftline import optimizers, training
from peftline.optimizers import AdamW
from peftline.training import Training


@pytest.mark.parametrize(
    ("settings", "rows", "steps"),
    [
        ({}, 600, 150),
        ({}, 601, 151),
        ({}, 3, 1),
        ({"epochs": 2.0}, 600, 300),
        ({"epochs": 0.5}, 599, 75),
        ({"batch_size": 8}, 10, 2),
        ({"max_steps": 7}, 600, 7),
        ({"max_steps": 7, "epochs": 100}, 8, 7),
        ({"batch_tokens": 1000}, 600, 60),  # ten rows of 100 tokens a step
        ({"batch_tokens": 10, "batch_size": 8}, 600, 600),
    ],
)
def test_steps_follow_from_epochs_rows_and_batch(settings, rows, steps):
    assert training.total_steps(Training(**settings), rows, tokens_per_row=100) == steps


def test_evaluations_and_checkpoints_are_spread_evenly():
    arguments = training.arguments(Training(evaluations=4, checkpoints=2), 75, 4)
    assert (arguments["eval_steps"], arguments["save_steps"]) == (19, 38)


def test_a_short_run_evaluates_at_every_step():
    arguments = training.arguments(Training(evaluations=4, checkpoints=4), 2, 4)
    assert (arguments["eval_steps"], arguments["save_steps"]) == (1, 1)


def test_every_setting_reaches_the_trainer(tmp_path):
    config = Training(
        learning_rate=3e-4,
        max_steps=40,
        batch_size=8,
        schedule="linear",
        warmup_share=0.1,
        max_grad_norm=0.5,
        gradient_checkpointing=True,
        neftune_alpha=5,
    )
    optimizer = AdamW(weight_decay=0.01, beta1=0.8, beta2=0.95)
    arguments = SFTConfig(
        output_dir=str(tmp_path),
        bf16=False,
        **training.arguments(config, 40, 8),
        **optimizers.arguments(optimizer),
    )
    assert arguments.learning_rate == 3e-4
    assert arguments.max_steps == 40
    assert arguments.per_device_train_batch_size == 8
    assert arguments.gradient_accumulation_steps == 1
    assert arguments.lr_scheduler_type == "linear"
    assert arguments.warmup_steps == 4
    assert arguments.max_grad_norm == 0.5
    assert arguments.neftune_noise_alpha == 5
    assert arguments.gradient_checkpointing
    assert arguments.gradient_checkpointing_kwargs == {"use_reentrant": False}
    assert (arguments.weight_decay, arguments.adam_beta1, arguments.adam_beta2) == (0.01, 0.8, 0.95)


def rates(steps, **settings):
    """The rate of each step, as the trainer's own schedule gives it."""
    config = Training(learning_rate=1.0, **settings)
    arguments = SFTConfig(use_cpu=True, bf16=False, **training.arguments(config, steps, 4))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_scheduler(
        arguments.lr_scheduler_type,
        optimizer,
        arguments.get_warmup_steps(steps),
        steps,
        arguments.lr_scheduler_kwargs,
    )
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant", "restarts"])
def test_every_schedule_rises_first(schedule):
    assert rates(40, schedule=schedule, warmup_share=0.1)[:5] == [0, 0.25, 0.5, 0.75, 1]


def test_the_shapes_after_the_rise():
    assert set(rates(10, schedule="constant", warmup_share=0)) == {1}
    assert rates(4, schedule="linear", warmup_share=0) == [1, 0.75, 0.5, 0.25]
    assert rates(40, schedule="cosine", warmup_share=0)[20] == pytest.approx(0.5)
    peaks = [
        at for at, rate in enumerate(rates(30, schedule="restarts", warmup_share=0)) if rate == 1
    ]
    assert peaks == [0, 10, 20]
    assert rates(30, schedule="restarts", cycles=1, warmup_share=0).count(1) == 1
