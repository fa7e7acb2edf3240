import pytest
import torch

from peftline import adapters
from peftline.adapters.plan import Plan
from peftline.adapters.relora import ReLora, _forget, restart
from peftline.errors import PeftlineError

IDS = torch.arange(40)[None]


@pytest.fixture
def wrapped(tiny_model):
    torch.manual_seed(0)
    return adapters.build(ReLora(rank=2, alpha=2), tiny_model, Plan(steps=8))


def layer_of(model):
    return model.get_base_model().model.layers[0].mlp.up_proj


def move(model):
    """As a few steps do."""
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)


def test_a_restart_changes_nothing_that_the_model_says(wrapped):
    move(wrapped)
    with torch.no_grad():
        before = wrapped(IDS).logits
        restart(wrapped, torch.optim.AdamW(wrapped.parameters()), 0.99)
        torch.testing.assert_close(wrapped(IDS).logits, before, rtol=1e-4, atol=1e-5)
    assert not layer_of(wrapped).lora_B["default"].weight.any()


def test_the_sum_of_the_updates_has_a_higher_rank(wrapped):
    first = layer_of(wrapped).get_base_layer().weight.detach().clone()
    for _ in range(3):
        move(wrapped)
        restart(wrapped, torch.optim.AdamW(wrapped.parameters()), 0.99)
    move(wrapped)
    last = adapters.finish(ReLora(), wrapped).model.layers[0].mlp.up_proj.weight.detach()
    assert torch.linalg.matrix_rank(last - first, rtol=1e-4) == 4 * 2


def test_both_moments_are_forgotten_where_the_first_is_smallest():
    first = torch.tensor([[3.0, -1.0], [0.5, -4.0]])
    second = torch.tensor([[0.1, 5.0], [7.0, 0.2]])
    _forget(first, second, 0.5)
    assert first.tolist() == [[3.0, 0.0], [0.0, -4.0]]
    torch.testing.assert_close(second, torch.tensor([[0.1, 0.0], [0.0, 0.2]]))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99, 1.0])
def test_steps_after_a_restart_are_as_long_as_those_before(wrapped, share):
    """An entry of Adam's step is the rate times about one, unless its moments do not fit."""
    rate = 1e-3
    weights = [one for one in wrapped.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0)

    def step():
        """The longest way that an entry has gone."""
        before = [one.detach().clone() for one in weights]
        optimizer.zero_grad()
        wrapped(IDS, labels=IDS).loss.backward()
        optimizer.step()
        return max((one - old).abs().max() for one, old in zip(weights, before, strict=True)).item()

    usual = max(step() for _ in range(10))
    restart(wrapped, optimizer, share)
    assert max(step() for _ in range(3)) < 3 * usual


def test_it_restarts_as_often_as_it_says_and_the_rate_rises_again(wrapped, monkeypatch):
    calls = []
    monkeypatch.setattr("peftline.adapters.relora.restart", lambda *_: calls.append(step))
    parts = adapters.companions(ReLora(restarts=3, warmup_steps=1), wrapped, Plan(steps=8))
    for step in range(1, 9):
        state = type("State", (), {"global_step": step})
        parts.callbacks[0].on_step_end(None, state, None)
    assert calls == [2, 4, 6]
    assert [parts.rate(step) for step in range(8)] == [1, 1, 0.5, 1, 0.5, 1, 0.5, 1]


def test_a_run_that_is_too_short_is_refused(tiny_model):
    with pytest.raises(PeftlineError, match="a run of 3 steps is too short"):
        adapters.build(ReLora(restarts=3), tiny_model, Plan(steps=3))
