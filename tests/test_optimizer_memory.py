"""The states of each optimizer, as the trainer makes them, are as large as predicted."""

import pytest
import torch
from bitsandbytes.optim import GlobalOptimManager

from peftline.optimizer_memory import state_bytes
from peftline.prepare import prepare
from peftline.progress import History
from peftline.recipe import Recipe
from peftline.trainer import build_trainer

LORA = {"type": "lora", "rank": 128, "alpha": 8}  # tensors of 8,192 values and more
WHOLE = {"type": "none"}


@pytest.fixture
def stepped(loud_base, sum_tokens, tmp_path, float32):
    """A model, and the optimizer of its trainer after a step."""

    def make(optimizer, adapter):
        # It remembers which embeddings keep 32 bits by their address, of models that are gone too.
        GlobalOptimManager.get_instance().initialize()
        training = {"max_steps": 1, "batch_size": 4, "evaluations": 1}
        recipe = Recipe(adapter=adapter, optimizer=optimizer, training=training)
        prepared = prepare(recipe, loud_base, sum_tokens, 1)
        trainer = build_trainer(recipe, prepared, sum_tokens, 1, tmp_path, History(None), False)
        made = trainer.create_optimizer()
        for parameter in prepared.model.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.randn_like(parameter)
        made.step()
        return recipe, prepared.model, made

    return make


def tensors(value, seen):
    """All tensors in the states of an optimizer, each once."""
    if isinstance(value, torch.Tensor):
        return {} if value.data_ptr() in seen else {value.data_ptr(): value.nbytes}
    parts = value.values() if isinstance(value, dict) else vars(value).values()
    found = {}
    for part in parts:
        if isinstance(part, torch.Tensor | dict) or hasattr(part, "ortho_matrix"):
            found |= tensors(part, seen)
    return found


@pytest.mark.parametrize(
    ("optimizer", "adapter"),
    [
        ({"type": "adamw"}, LORA),
        ({"type": "adamw_8bit"}, LORA),
        ({"type": "adamw_8bit"}, WHOLE),
        ({"type": "lora_plus"}, LORA),
        ({"type": "lora_fa"}, LORA),
        ({"type": "galore", "rank": 16}, WHOLE),
        ({"type": "galore", "rank": 60}, WHOLE),
        ({"type": "galore", "rank": 100}, WHOLE),  # more than there are
    ],
    ids=str,
)
def test_states_are_as_large_as_predicted(stepped, optimizer, adapter):
    recipe, model, made = stepped(optimizer, adapter)
    held = sum(tensors(dict(enumerate(made.state.values())), set()).values())
    assert held == pytest.approx(state_bytes(recipe.optimizer, model), rel=0.01, abs=2500)
    trains = sum(p.numel() for p in model.parameters() if p.requires_grad)
    usual = 8 * trains
    if optimizer["type"] in ("adamw", "lora_plus", "lora_fa"):
        assert state_bytes(recipe.optimizer, model) == usual
    elif optimizer.get("rank", 0) < 60:
        assert state_bytes(recipe.optimizer, model) < 0.6 * usual


def test_of_lora_fa_half_trains_and_is_remembered(stepped):
    plain, fixed = (stepped({"type": name}, LORA) for name in ("adamw", "lora_fa"))
    sizes = [state_bytes(recipe.optimizer, model) for recipe, model, _ in (plain, fixed)]
    b = sum(p.numel() for name, p in plain[1].named_parameters() if "lora_B" in name)
    assert sizes[1] == 8 * b < sizes[0]
