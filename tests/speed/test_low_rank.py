"""The fused product of a LoRA layer is PEFT's, forwards and backwards."""

import weakref

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.utils.checkpoint import checkpoint

from peftline.quantization import keep_differentiable_on_cpu
from peftline.speed import low_rank

X = torch.randn(2, 5, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def wrap():
    def make(linear, **settings):
        torch.manual_seed(0)
        model = nn.Sequential()
        model.add_module("layer", linear)
        model = get_peft_model(
            model, LoraConfig(r=4, lora_alpha=12, target_modules=["layer"], **settings)
        )
        for parameter in model.parameters():
            if parameter.requires_grad:
                nn.init.normal_(parameter)
        return model

    return make


def outcome(model, x=X):
    """Output and gradients, those of the input first."""
    x = x.clone().requires_grad_()
    out = model(x)
    (out * torch.arange(out.numel()).view_as(out).sin()).sum().backward()
    trained = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    model.zero_grad(set_to_none=True)
    return [out.detach(), x.grad, *(trained[name] for name in sorted(trained))]


def assert_equal(ours, usual, tolerance):
    assert len(ours) == len(usual)
    for one, other in zip(ours, usual, strict=True):
        assert (one - other).norm() <= tolerance * other.norm()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("settings", [{}, {"use_rslora": True}])
def test_outputs_and_gradients_are_those_of_peft(wrap, bias, settings):
    model = wrap(nn.Linear(64, 32, bias=bias), **settings)
    usual = outcome(model)
    with low_rank.fused(model, lambda: model(X)) as layers:
        assert layers == 1
        assert_equal(outcome(model), usual, 1e-6)
    assert_equal(outcome(model), usual, 0)


def test_so_they_are_on_a_four_bit_base(wrap):
    from bitsandbytes.nn import Linear4bit

    linear = Linear4bit(64, 32, bias=False, quant_type="nf4", compute_dtype=torch.float32)
    linear.load_state_dict(nn.Linear(64, 32, bias=False).state_dict())
    model = wrap(linear.to("cpu"))
    keep_differentiable_on_cpu(model)  # it is tried out without gradients
    usual = outcome(model)
    with low_rank.fused(model, lambda: model(X)) as layers:
        assert layers == 1
        assert_equal(outcome(model), usual, 1e-5)


class Attention(nn.Module):
    """Three layers with one input, and one with another."""

    def __init__(self):
        super().__init__()
        self.queries, self.keys, self.values = (nn.Linear(64, n, bias=False) for n in (48, 16, 16))
        self.out = nn.Linear(16, 64)

    def forward(self, x):
        queries, keys, values = self.queries(x), self.keys(x), self.values(x)
        return self.out(queries.view(*x.shape[:-1], 3, 16).sum(-2) * keys + values)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    names = ["queries", "keys", "values", "out"]
    ranks = {"keys": 2}
    config = LoraConfig(r=4, lora_alpha=12, target_modules=names, rank_pattern=ranks)
    model = get_peft_model(Attention(), config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter, std=0.2)
    return model


def test_layers_with_one_input_are_computed_together(attention, monkeypatch):
    usual = outcome(attention)
    passes = []
    apply = low_rank.LowRankProducts.apply
    monkeypatch.setattr(
        low_rank.LowRankProducts,
        "apply",
        lambda x, layers, *factors: passes.append(len(layers)) or apply(x, layers, *factors),
    )
    with low_rank.fused(attention, lambda: attention(X)) as layers:
        assert layers == 4
        for _ in range(2):
            assert_equal(outcome(attention), usual, 1e-5)
    assert passes == 2 * [3, 1]


def test_so_they_are_in_16_bits_and_while_the_adapter_is_disabled(attention):
    for name, parameter in attention.named_parameters():
        if "lora" not in name:
            parameter.data = parameter.data.to(torch.bfloat16)
    x = X.to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        usual = outcome(attention, x)
        with low_rank.fused(attention, lambda: attention(x)):
            assert_equal(outcome(attention, x), usual, 3e-2)
            with attention.disable_adapter(), torch.no_grad():
                assert torch.equal(attention(x), attention.get_base_model()(x))
                assert not torch.allclose(attention(x).float(), usual[0].float())


def test_outputs_may_be_clamped_in_place(attention):
    usual = attention.base_model.model.queries(X).clamp(-1, 1)
    with low_rank.fused(attention, lambda: attention(X)):
        found = attention.base_model.model.queries(X.clone().requires_grad_())
        torch.testing.assert_close(found.clamp_(-1, 1), usual)


def test_a_recomputation_that_is_broken_off_keeps_nothing(wrap):
    model = wrap(nn.Linear(64, 64))
    kept = []

    def layer(x):
        inner = x * 2
        kept.append(weakref.ref(inner))
        return model(inner)

    with low_rank.fused(model, lambda: model(X)):
        out = checkpoint(layer, X.clone().requires_grad_(), use_reentrant=False)
        out.sum().backward()
        assert len(kept) == 2  # it was recomputed
        assert [one() for one in kept] == [None, None]


def test_a_layer_that_is_called_alone_gives_its_own_output(attention):
    layer = attention.base_model.model
    usual = [layer.keys(X), layer.queries(X), layer.keys(X + 1), layer.keys(X + 1)]
    with low_rank.fused(attention, lambda: attention(X)):
        ours = [layer.keys(X), layer.queries(X), layer.keys(X + 1), layer.keys(X + 1)]
    assert_equal(ours, usual, 1e-5)


def test_nothing_is_kept_beyond_its_use(attention):
    x = X.clone()
    with low_rank.fused(attention, lambda: attention(X)):
        attention(x)
        kept = weakref.ref(x)
        del x
        assert kept() is None


def test_a_float32_adapter_beside_a_16_bit_base_multiplies_in_16_bits(wrap):
    model = wrap(nn.Linear(64, 32).to(torch.bfloat16))
    for name, parameter in model.named_parameters():
        if "lora" in name:
            parameter.data = parameter.data.float()
    with torch.autocast("cpu", torch.bfloat16):
        usual = outcome(model, X.to(torch.bfloat16))
        with low_rank.fused(model, lambda: model(X)):
            ours = outcome(model, X.to(torch.bfloat16))
    assert ours[0].dtype == ours[1].dtype == torch.bfloat16
    assert ours[2].dtype == torch.float32
    assert_equal(ours, usual, 2e-2)


@pytest.mark.parametrize(
    "settings", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}]
)
def test_layers_that_do_more_keep_pefts_way(wrap, settings):
    model = wrap(nn.Linear(64, 32), **settings)
    with low_rank.fused(model, lambda: model(X)) as layers:
        assert layers == 0


def test_a_disabled_or_merged_adapter_keeps_pefts_way(wrap):
    model = wrap(nn.Linear(64, 32)).eval()
    with low_rank.fused(model, lambda: model(X)), torch.no_grad():
        active = model(X)
        with model.disable_adapter():
            assert torch.equal(model(X), model.base_model.model.layer.base_layer(X))
        model.merge_adapter()
        torch.testing.assert_close(model(X), active, rtol=1e-4, atol=1e-4)
