"""Each cell of the capability table: what it allows trains, what it does not is refused."""

import pytest
import torch
from pydantic import ValidationError

from peftline.capabilities import TABLE, method
from peftline.objectives import token_losses
from tests.methods.recipes import VALUES, recipe_of

SETTINGS = {
    "four_bit": {"quantization": "nf4"},
    "eight_bit": {"quantization": "int8"},
    "gradient_checkpointing": {"gradient_checkpointing": True},
    "packing": {"speed": {"packing": "on"}},
    "early_stopping": {"patience": 1},
}
# One recipe for each method, on a base in 16 bits if there is one (the last that is named is kept).
# `peft` stands for many: test_capabilities.py.
RECIPES = {
    method(recipe_of(name).adapter): name
    for name in sorted(VALUES, key=lambda name: ("quantization" not in VALUES[name], name))
    if "optimizer" not in VALUES[name] and name != "peft"
}
CELLS = [(kind, what) for kind in RECIPES for what in SETTINGS]


@pytest.mark.parametrize(("kind", "what"), CELLS)
def test_a_cell_of_the_table(every, kind, what):
    settings = SETTINGS[what]
    if not getattr(TABLE[kind], what):
        with pytest.raises(ValidationError):
            recipe_of(RECIPES[kind], **settings)
        return
    done, plain = every.train(RECIPES[kind], **settings), every.trained(RECIPES[kind])
    error = 0.1 if "bit" in what else 1e-3  # weights are rounded; the rest changes nothing
    assert done.losses == pytest.approx(plain.losses, rel=error)
    assert all(gradient is not None for gradient in done.gradients.values())


def test_every_method_has_a_recipe():
    assert set(RECIPES) == set(TABLE) - {"peft"}


def test_early_stopping_keeps_the_best_weights(every):
    """A rate that soon does harm: the run ends early, with the weights of its best measurement."""
    settings = {"max_steps": 40, "evaluations": 20, "learning_rate": 0.3, "schedule": "constant"}
    done = every.train("lora", patience=2, **settings)
    after = done.validation[1:]
    assert done.history["steps"] < 40
    assert len(after) == after.index(min(after)) + 1 + 2
    assert done.history["validation_loss"] == min(after)


def test_a_resumed_run_stops_where_it_would_have(every, tmp_path):
    settings = {"max_steps": 40, "evaluations": 20, "learning_rate": 0.3, "schedule": "constant"}
    whole = every.train("lora", patience=2, **settings)

    def kill(record):
        if record["step"] == 5 and "train_loss" in record:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        every.train("lora", patience=2, listener=kill, place=tmp_path, **settings)
    resumed = every.train("lora", patience=2, place=tmp_path, **settings)
    assert resumed.validation == pytest.approx(whole.validation, rel=1e-4)


def test_relora_restarts_in_the_trainer(every, monkeypatch):
    """The rate rises again, momentum is forgotten, and float32 is delivered."""
    from peftline.adapters import relora

    zeros, real = [], relora.restart

    def restart(model, optimizer, share):
        real(model, optimizer, share)
        states = [s["exp_avg"] for s in optimizer.optimizer.state.values() if "exp_avg" in s]
        zeros.append(float(torch.cat([state.flatten() == 0 for state in states]).float().mean()))

    monkeypatch.setattr(relora, "restart", restart)
    rates = []
    settings = {"max_steps": 8, "schedule": "constant", "warmup_share": 0, "learning_rate": 1e-3}
    done = every.train(
        "relora",
        listener=lambda record: rates.append(record.get("learning_rate")),
        dtype=torch.bfloat16,
        **settings,
    )
    seen = [rate for rate in rates if rate is not None]
    sixth = [1e-3 * part / 6 for part in (1, 2)]
    assert seen == pytest.approx([1e-3, 1e-3, *sixth, *sixth, *sixth])
    assert len(zeros) == 3 and min(zeros) > 0.98
    assert {p.dtype for p in done.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["full", "houlsby", "lora"])
def test_a_checkpoint_does_not_change_the_type_of_arithmetic(every, monkeypatch, name):
    """transformers writes the type of the weights into the configuration when it saves."""
    seen, real = [], token_losses.autocast
    monkeypatch.setattr(
        token_losses, "autocast", lambda model: seen.append(real(model)) or seen[-1]
    )
    every.train(name, dtype=torch.bfloat16)
    assert len(seen) > 6
    assert all(one._enabled and one.fast_dtype == torch.bfloat16 for one in seen)


def test_neftune_changes_training_and_not_the_validation(every):
    noisy, plain = every.train("lora", neftune_alpha=5), every.trained("lora")
    assert noisy.validation[0] == pytest.approx(plain.validation[0], rel=1e-5)
    assert noisy.losses != pytest.approx(plain.losses, rel=1e-3)


@pytest.mark.parametrize("name", ["prompt_tuning", "prefix_tuning"])
def test_virtual_tokens_begin_as_a_text(every, ids, name):
    """Before training they act as the text itself would."""
    model = every.build(name, {"initial_text": "Hello there", "tokens": 11})
    text = torch.tensor([every.tokenizer("Hello there", add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        expected = every.untouched()(torch.cat([text, ids], 1)).logits[:, text.shape[1] :]
        torch.testing.assert_close(model(ids).logits[:, -40:], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", sorted(RECIPES.values()))
def test_in_bfloat16_it_trains_alike(every, name):
    wide, narrow = every.trained(name), every.train(name, dtype=torch.bfloat16)
    assert narrow.losses == pytest.approx(wide.losses, rel=0.05)
    parameters = [p for p in narrow.model.parameters() if p.requires_grad]
    assert {p.dtype for p in parameters} <= {torch.float32}
