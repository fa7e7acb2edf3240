"""Optimizers that the trainer does not make by itself."""

import pytest
import torch

from peftline import adapters, optimizers
from peftline.adapters.lora import Lora
from peftline.optimizers import AdamW, AdamW8Bit, LoraFa, LoraPlus


@pytest.fixture
def wrapped(tiny_model):
    return adapters.build(Lora(rank=4, alpha=8), tiny_model)


def rates(optimizer, model):
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in optimizer.param_groups for p in group["params"]}


def test_lora_plus_gives_every_b_the_higher_rate(wrapped):
    found = rates(optimizers.build(LoraPlus(ratio=16), wrapped, 1e-3), wrapped)
    assert len(found) == 2 * 2 * 7
    for name, rate in found.items():
        assert rate == pytest.approx(1.6e-2 if "lora_B" in name else 1e-3)


def test_its_settings_reach_adamw(wrapped):
    config = LoraPlus(weight_decay=0.1, beta1=0.8, beta2=0.9)
    made = optimizers.build(config, wrapped, 1e-3)
    assert isinstance(made, torch.optim.AdamW)
    assert {group["betas"] for group in made.param_groups} == {(0.8, 0.9)}
    assert 0.1 in {group["weight_decay"] for group in made.param_groups}


def test_lora_fa_freezes_every_a(wrapped):
    optimizers.build(LoraFa(), wrapped, 1e-3)
    found = [name for name, p in wrapped.named_parameters() if p.requires_grad]
    assert len(found) == 2 * 7
    assert all("lora_B" in name for name in found)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (AdamW(), "adamw_torch_fused"),
        (AdamW8Bit(), "adamw_8bit"),
    ],
)
def test_the_others_are_left_to_the_trainer(wrapped, config, name):
    assert optimizers.build(config, wrapped, 1e-3) is None
    assert optimizers.arguments(config)["optim"] == name


@pytest.mark.parametrize(("gpu", "name"), [(True, "paged_adamw_8bit"), (False, "adamw_8bit")])
def test_states_move_only_where_there_is_a_gpu(monkeypatch, gpu, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert optimizers.arguments(AdamW8Bit(paged=True))["optim"] == name


def test_who_makes_an_optimizer_gives_the_trainer_no_arguments():
    assert optimizers.arguments(LoraPlus()) == optimizers.arguments(LoraFa()) == {}
