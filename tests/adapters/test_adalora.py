import pytest
import torch
from pydantic import ValidationError

from peftline import adapters
from peftline.adapters.adalora import AdaLora, departure
from peftline.adapters.plan import Plan
from peftline.errors import PeftlineError

IDS = torch.arange(40)[None]


@pytest.fixture
def wrapped(tiny_model):
    torch.manual_seed(0)
    return adapters.build(AdaLora(), tiny_model, Plan(steps=10))


def test_the_penalty_is_the_one_that_peft_adds_to_its_loss(wrapped):
    with torch.no_grad():
        out = wrapped(input_ids=IDS, labels=IDS)
        plain = torch.nn.functional.cross_entropy(out.logits[0, :-1], IDS[0, 1:])
    torch.testing.assert_close(plain + 0.5 * departure(wrapped), out.loss)


def test_the_penalty_of_a_recipe_has_its_weight(wrapped):
    penalty = adapters.companions(AdaLora(orthogonality=2.0), wrapped, Plan()).penalty
    torch.testing.assert_close(penalty(), 2 * departure(wrapped))


def test_the_schedule_follows_from_the_steps(wrapped):
    config = wrapped.peft_config["default"]
    assert (config.total_step, config.tinit, config.tfinal) == (10, 1, 3)


def test_a_run_that_is_too_short_to_move_ranks_is_refused(tiny_model):
    with pytest.raises(PeftlineError, match="a run of 4 steps has no time for that"):
        config = AdaLora(warmup_share=0.5, final_share=0.5)
        adapters.build(config, tiny_model, Plan(steps=4))


def test_there_must_be_ranks_to_take_away():
    with pytest.raises(ValidationError, match="target_rank=24 must be below initial_rank=24"):
        AdaLora(target_rank=24)


def test_ranks_go_down_to_the_target(wrapped):
    (allocate,) = adapters.companions(AdaLora(), wrapped, Plan()).callbacks
    optimizer = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=1e-2)
    for step in range(10):
        wrapped(input_ids=IDS, labels=IDS).loss.backward()
        optimizer.step()
        allocate.on_optimizer_step(None, type("State", (), {"global_step": step}), None)
        optimizer.zero_grad()
    left = [int((p != 0).sum()) for n, p in wrapped.named_parameters() if "lora_E" in n]
    assert sum(left) == 16 * len(left)
    assert len(set(left)) > 1
