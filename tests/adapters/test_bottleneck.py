import pytest
import torch

import peftline
from peftline import adapters
from peftline.adapters.bottleneck import Bottleneck
from peftline.errors import PeftlineError

IDS = torch.arange(40)[None]


def randomised(config, model):
    torch.manual_seed(0)
    built = adapters.build(config, model)
    for name, parameter in built.named_parameters():
        if "bottleneck" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return built.eval()


def formula(network, x, scale):
    down, _, up = network
    return scale * (torch.relu(x @ down.weight.T + down.bias) @ up.weight.T + up.bias)


@pytest.mark.parametrize("scale", [1.0, 4.0])
@pytest.mark.parametrize("placement", ["houlsby", "pfeiffer", "parallel"])
def test_the_layer_computes_the_papers_formula(tiny_model, placement, scale):
    config = Bottleneck(placement=placement, scale=scale)
    model = randomised(config, tiny_model)
    layer = model.model.layers[0]
    seen = {}
    for name in ("input_layernorm", "post_attention_layernorm", "self_attn.o_proj"):
        layer.get_submodule(name).register_forward_hook(
            lambda _, given, out, name=name: seen.update({name: (given[0], out)})
        )
    layer.register_forward_hook(lambda _, given, out: seen.update({"layer": (given[0], out)}))
    with torch.no_grad():
        model(IDS)
        x = seen["layer"][0]
        attended = seen["self_attn.o_proj"][1]
        if placement == "houlsby":
            attended = attended + formula(layer.self_attn.bottleneck, attended, scale)
        x = x + attended
        into = layer.post_attention_layernorm(x)
        mlp = layer.mlp
        fed = mlp.down_proj(mlp.act_fn(mlp.gate_proj(into)) * mlp.up_proj(into))
        if placement == "houlsby":
            fed = fed + formula(mlp.bottleneck, fed, scale)
        if placement == "parallel":
            fed = fed + formula(mlp.bottleneck, into, scale)
        x = x + fed
        if placement == "pfeiffer":
            x = x + formula(layer.bottleneck, x, scale)
    torch.testing.assert_close(seen["layer"][1], x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        # 768 wide, 12 layers, reduction 16 as in RoBERTa: published for the library `adapters`
        ({"placement": "houlsby"}, 1_789_056),
        ({"placement": "pfeiffer"}, 894_528),
    ],
)
def test_published_counts(settings, count):
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.device("meta"):
        shape = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
        model = LlamaForCausalLM(LlamaConfig(vocab_size=8, intermediate_size=8, **shape))
        built = adapters.build(Bottleneck(**settings), model.requires_grad_(False))
    assert sum(p.numel() for p in built.parameters() if p.requires_grad) == count


def test_a_model_with_other_layers_is_refused():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=1, vocab_size=8))
    with pytest.raises(PeftlineError, match="GPT2LMHeadModel has none. Use LoRA"):
        adapters.build(Bottleneck(placement="pfeiffer"), model)


def test_one_function_opens_every_adapter(trained_lora, loud_base):
    from peftline.base_model.loading import load_model

    model = peftline.load_adapter(load_model(loud_base, torch.float32), trained_lora.folder)
    with torch.no_grad():
        expected = trained_lora.trained.model(IDS).logits
        torch.testing.assert_close(model(IDS).logits, expected, rtol=1e-4, atol=1e-4)
