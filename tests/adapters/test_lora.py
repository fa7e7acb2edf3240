import pytest
import torch

from peftline import adapters
from peftline.adapters.lora import Lora
from peftline.adapters.targets import linear_layers
from peftline.base_model.loading import load_model
from peftline.errors import PeftlineError

ATTENTION = ["q_proj", "v_proj"]


@pytest.fixture
def bfloat16_model(tiny_base):
    return load_model(tiny_base, dtype=torch.bfloat16)


def trainable(model):
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def test_an_untrained_adapter_changes_nothing(tiny_model):
    ids = torch.arange(40)[None]
    with torch.no_grad():
        before = tiny_model(ids).logits
        wrapped = adapters.build(Lora(), tiny_model)
        torch.testing.assert_close(wrapped(ids).logits, before, rtol=0, atol=0)


def test_a_trained_adapter_changes_the_answer(tiny_model):
    ids = torch.arange(40)[None]
    with torch.no_grad():
        before = tiny_model(ids).logits
        wrapped = adapters.build(Lora(), tiny_model)
        for parameter in trainable(wrapped).values():
            torch.nn.init.normal_(parameter)
        assert (wrapped(ids).logits - before).abs().max() > 0.01


@pytest.mark.parametrize("targets", ["all-linear", ATTENTION])
@pytest.mark.parametrize("rank", [1, 4, 16])
def test_it_trains_rank_times_in_plus_out_parameters_per_layer(tiny_model, rank, targets):
    expected = sum(
        rank * (layer.in_features + layer.out_features)
        for name in linear_layers(tiny_model)
        if targets == "all-linear" or name.rsplit(".", 1)[-1] in targets
        for layer in [tiny_model.get_submodule(name)]
    )
    wrapped = adapters.build(Lora(rank=rank, target_modules=targets), tiny_model)
    assert sum(p.numel() for p in trainable(wrapped).values()) == expected


def test_only_the_adapter_trains(bfloat16_model):
    names = trainable(adapters.build(Lora(), bfloat16_model))
    assert names
    assert all("lora_" in name for name in names)


def test_its_tensors_are_float32_beside_a_16_bit_base(bfloat16_model):
    wrapped = adapters.build(Lora(), bfloat16_model)
    assert {p.dtype for p in trainable(wrapped).values()} == {torch.float32}
    others = {p.dtype for p in wrapped.parameters() if not p.requires_grad}
    assert others == {torch.bfloat16}


def test_settings_reach_peft(tiny_model):
    config = Lora(rank=3, alpha=7, dropout=0.25, target_modules=ATTENTION)
    made = adapters.build(config, tiny_model).peft_config["default"]
    assert (made.r, made.lora_alpha, made.lora_dropout) == (3, 7, 0.25)
    assert set(made.target_modules) == set(ATTENTION)
    assert made.task_type == "CAUSAL_LM"
    assert made.bias == "none"


def test_the_head_is_never_adapted(tiny_model):
    names = trainable(adapters.build(Lora(), tiny_model))
    assert not any("lm_head" in name or "embed" in name for name in names)


def test_an_unknown_target_lists_the_candidates(tiny_model):
    with pytest.raises(PeftlineError, match=r"'query' matches no linear layer.*q_proj"):
        adapters.build(Lora(target_modules=["query"]), tiny_model)
