import pytest
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
    ],
)
def test_steps_follow_from_epochs_rows_and_batch(settings, rows, steps):
    assert training.total_steps(Training(**settings), rows) == steps


def test_evaluations_and_checkpoints_are_spread_evenly():
    arguments = training.arguments(Training(evaluations=4, checkpoints=2), 75)
    assert (arguments["eval_steps"], arguments["save_steps"]) == (19, 38)


def test_a_short_run_evaluates_at_every_step():
    arguments = training.arguments(Training(evaluations=4, checkpoints=4), 2)
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
    )
    optimizer = AdamW(weight_decay=0.01, beta1=0.8, beta2=0.95)
    arguments = SFTConfig(
        output_dir=str(tmp_path),
        bf16=False,
        **training.arguments(config, 40),
        **optimizers.arguments(optimizer),
    )
    assert arguments.learning_rate == 3e-4
    assert arguments.max_steps == 40
    assert arguments.per_device_train_batch_size == 8
    assert arguments.gradient_accumulation_steps == 1
    assert arguments.lr_scheduler_type == "linear"
    assert arguments.warmup_steps == 4
    assert arguments.max_grad_norm == 0.5
    assert arguments.gradient_checkpointing
    assert arguments.gradient_checkpointing_kwargs == {"use_reentrant": False}
    assert (arguments.weight_decay, arguments.adam_beta1, arguments.adam_beta2) == (0.01, 0.8, 0.95)
