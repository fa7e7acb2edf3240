"""In 16 bits no more than one layer is ever in float32."""

import pytest
import torch
from peft import PeftModel
from peft.tuners.lora import Linear

from peftline.base_model.loading import load_model
from peftline.delivery import adapter as adapters
from peftline.delivery import layer_by_layer
from peftline.delivery.layer_by_layer import MergeCheck, arithmetic_in_float32, merge_in_place

IDS = torch.arange(40, 80)[None]


@pytest.fixture
def wrapped(trained_lora, loud_base):
    """A trained adapter beside the base in 16 bits."""
    return adapters.load(load_model(loud_base, torch.bfloat16), trained_lora.handle)


def wide(model):
    """Weights of the base that are in float32 now."""
    named = model.named_parameters()
    return [name for name, p in named if p.dtype == torch.float32 and "lora" not in name]


def test_merging_widens_one_layer_at_a_time(wrapped, monkeypatch):
    seen = []
    real = Linear.get_delta_weight

    def delta(self, adapter):
        seen.append(wide(wrapped))
        return real(self, adapter)

    monkeypatch.setattr(Linear, "get_delta_weight", delta)
    merged = merge_in_place(wrapped)
    assert len(seen) == 14 and all(len(now) == 1 for now in seen)
    assert len({now[0] for now in seen}) == 14
    assert {p.dtype for p in merged.parameters()} == {torch.bfloat16}


def test_arithmetic_in_float32_widens_one_layer_at_a_time(wrapped):
    seen = []
    for module in wrapped.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Embedding):
            module.register_forward_hook(lambda *_: seen.append(wide(wrapped)))
    with arithmetic_in_float32(wrapped), torch.no_grad():
        assert wrapped(IDS).logits.dtype == torch.float32
    assert len(seen) == 14 * 3 + 2 and all(len(now) == 1 for now in seen)
    assert wide(wrapped) == []


def test_arithmetic_in_float32_is_that_of_a_float32_model(wrapped, trained_lora, loud_base):
    float32 = adapters.load(load_model(loud_base, torch.float32), trained_lora.handle)
    with arithmetic_in_float32(wrapped), torch.no_grad():
        found = wrapped(IDS).logits
    with torch.no_grad():
        assert torch.equal(found, float32(IDS).logits)
        assert not torch.equal(found, wrapped(IDS).logits.float())


def test_weights_come_back_from_an_error(wrapped):
    with pytest.raises(IndexError), arithmetic_in_float32(wrapped):
        wrapped(torch.tensor([[10**6]]))
    assert wide(wrapped) == []
    assert not any(module._forward_hooks for module in wrapped.modules())


def test_a_check_compares_each_layer_on_what_it_has_seen(wrapped):
    check = MergeCheck(wrapped)
    with torch.no_grad():
        wrapped(IDS)
    merged = merge_in_place(wrapped, check)
    assert check.layers == 14 and 0 < check.worst < 1e-5
    assert not any(module._forward_pre_hooks for module in merged.modules())


def test_a_value_that_is_no_number_is_never_forgotten(wrapped):
    check = MergeCheck(wrapped)
    with torch.no_grad():
        wrapped(IDS)
    first, second = layer_by_layer.tuned_layers(wrapped.float())[:2]
    with check.watching(first):
        first.lora_B["default"].weight.data.fill_(float("nan"))
    assert check.worst != check.worst
    with check.watching(second):
        pass
    assert check.layers == 2 and check.worst != check.worst


def test_a_merge_that_peft_refuses_leaves_its_layers_as_they_were(wrapped, monkeypatch):
    def fail(self, **_):
        raise ValueError("no merge")

    monkeypatch.setattr(PeftModel, "merge_and_unload", fail, raising=False)
    with pytest.raises(ValueError, match="no merge"):
        merge_in_place(wrapped)
    assert not any("merge" in vars(layer) for layer in layer_by_layer.tuned_layers(wrapped))
