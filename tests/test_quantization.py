"""A 4-bit base on a CPU: it must still let gradients through after it has been evaluated."""

import bitsandbytes as bnb
import pytest
import torch

from peftline import adapters, quantization
from peftline.adapters.lora import Lora
from peftline.base_model.loading import load_base, load_model
from peftline.quantization import FP4, NF4, Int8, NoQuantization

IDS = (torch.arange(64) % 200).view(2, 32)


@pytest.fixture
def quantized(tiny_base):
    """The tiny model in NF4 with a LoRA that has left its starting point."""

    def make(config=None, dtype=torch.bfloat16):
        config = config or NF4()
        torch.manual_seed(0)
        model = quantization.prepare(config, load_model(tiny_base, dtype, config))
        wrapped = adapters.build(Lora(rank=4), model)
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.05)
        return wrapped

    return make


def layers(model):
    return [module for module in model.modules() if isinstance(module, bnb.nn.Linear4bit)]


def gradients(model):
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model(input_ids=IDS, labels=IDS).loss.backward()
    found = {
        name: None if p.grad is None else p.grad.clone()
        for name, p in model.named_parameters()
        if p.requires_grad
    }
    model.zero_grad(set_to_none=True)
    return found


def evaluate(model):
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        model(input_ids=IDS)


def lost(before, after):
    """Adapter tensors whose gradient is gone or another one."""
    return [
        name
        for name, gradient in before.items()
        if after[name] is None or not torch.allclose(after[name], gradient, rtol=1e-3, atol=1e-6)
    ]


def test_gradients_are_the_same_after_an_evaluation(quantized):
    model = quantized()
    before = gradients(model)
    assert len(before) == 2 * 7 * 2
    assert all(g is not None and g.abs().max() > 0 for g in before.values())
    evaluate(model)
    assert lost(before, gradients(model)) == []


@pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(),
    reason="bitsandbytes repacks 4-bit weights only on processors with AVX512-BF16",
)
def test_without_the_guard_an_evaluation_destroys_gradients(quantized, monkeypatch):
    monkeypatch.setattr(quantization, "keep_differentiable_on_cpu", lambda model: None)
    model = quantized()
    before = gradients(model)
    evaluate(model)
    try:
        after = gradients(model)
    except RuntimeError:
        return  # a shape that cannot be multiplied is as good a proof
    assert lost(before, after), "bitsandbytes no longer needs the guard: remove it"


def test_no_layer_may_be_repacked(quantized):
    found = layers(quantized())
    assert len(found) == 2 * 7
    assert [module.support_avx512bf16_for_cpu for module in found] == [False] * len(found)


def test_weights_are_unchanged_by_an_evaluation(quantized):
    model = quantized()
    before = [module.weight.data.clone() for module in layers(model)]
    evaluate(model)
    for module, weight in zip(layers(model), before, strict=True):
        assert torch.equal(module.weight.data, weight)


@pytest.mark.parametrize("double", [True, False])
def test_double_quantization_is_what_the_setting_says(quantized, double):
    for module in layers(quantized(NF4(double_quantization=double))):
        state = module.weight.quant_state
        assert state.nested is double
        assert state.quant_type == "nf4"
        assert state.blocksize == 64
        assert module.weight.dtype == torch.uint8


def test_four_bits_hold_the_weights_to_a_few_percent(quantized, tiny_base):
    plain = load_model(tiny_base, torch.float32)
    packed = quantized().get_base_model()
    name = "model.layers.0.mlp.up_proj"
    layer = packed.get_submodule(name)
    layer = getattr(layer, "base_layer", layer)
    unpacked = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    weight = plain.get_submodule(name).weight
    error = (unpacked.float() - weight).norm() / weight.norm()
    assert 0.01 < error < 0.15


def test_head_and_embedding_are_not_quantized(quantized):
    model = quantized().get_base_model()
    assert not isinstance(model.get_output_embeddings(), bnb.nn.Linear4bit)
    assert model.get_output_embeddings().weight.is_floating_point()


def test_trainables_are_float32_and_the_base_is_frozen(quantized):
    model = quantized()
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert not any(p.requires_grad for name, p in model.named_parameters() if "lora_" not in name)


def test_without_quantization_the_base_is_frozen_and_keeps_its_type(tiny_base):
    model = quantization.prepare(NoQuantization(), load_model(tiny_base, torch.bfloat16))
    assert layers(model) == []
    assert not any(p.requires_grad for p in model.parameters())
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_the_loading_configuration_says_what_is_computed_in():
    assert quantization.loading_config(NoQuantization(), torch.bfloat16) is None
    config = quantization.loading_config(NF4(), torch.float32)
    assert config.load_in_4bit
    assert config.bnb_4bit_quant_type == "nf4"
    assert config.bnb_4bit_use_double_quant
    assert config.bnb_4bit_compute_dtype == torch.float32


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_unpacked_base_computes_what_the_packed_one_computes_bit_for_bit(
    tiny_base, dtype, double
):
    ids, held = torch.arange(60)[None], NF4(double_quantization=double)
    with torch.inference_mode():
        packed = load_base(tiny_base, dtype, held)(input_ids=ids).logits
        unpacked = load_base(tiny_base, dtype, held).dequantize()(input_ids=ids).logits
        plain = load_base(tiny_base, dtype)(input_ids=ids).logits
    assert torch.equal(packed, unpacked)
    assert (plain - packed).abs().max() > 0.02


@pytest.mark.parametrize("config", [NF4(), NF4(double_quantization=False), FP4(), Int8()], ids=str)
def test_the_bytes_of_a_weight_are_those_that_are_held(loud_base, config):
    layer = load_base(loud_base, torch.bfloat16, config).get_submodule("model.layers.0.mlp.up_proj")
    state = getattr(layer.weight, "quant_state", None)
    held = layer.weight.nbytes
    if state is not None:
        held += state.absmax.nbytes
        if state.nested:  # besides, a table of 256 numbers for all blocks
            held += state.state2.absmax.nbytes
    numbers = layer.in_features * layer.out_features
    assert held / numbers == pytest.approx(
        quantization.bytes_per_weight(config, torch.bfloat16), abs=1e-3
    )
    assert quantization.bytes_per_weight(NoQuantization(), torch.bfloat16) == 2
