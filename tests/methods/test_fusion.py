import json
from copy import deepcopy

import pytest
import torch
from torch.nn.functional import softmax

import peftline
from peftline import adapters
from peftline.adapters.fusion import AdapterFusion
from peftline.adapters.plan import Plan
from peftline.base_model.loading import load_model
from peftline.delivery import adapter as delivery
from peftline.errors import PeftlineError
from peftline.prepare import build_model
from tests.methods.recipes import recipe_of

IDS = torch.arange(40)[None]
CONFIG = AdapterFusion(adapters=["pfeiffer", "parallel_adapter"])


@pytest.fixture
def folders(every):
    return tuple(every.trained(name).folder for name in CONFIG.adapters)


@pytest.fixture
def fused(folders, loud_base):
    torch.manual_seed(0)
    model = load_model(loud_base, torch.float32)
    return adapters.build(CONFIG, model, Plan(parts=folders)).eval()


def test_the_layer_computes_the_papers_formula(fused):
    for layer in fused.model.layers:
        for part in (layer.fusion.query, layer.fusion.key, layer.fusion.value):
            torch.nn.init.normal_(part.weight, std=0.3)
    layer, seen = fused.model.layers[1], {}
    layer.register_forward_hook(lambda _, given, out: seen.update(x=given[0], out=out))
    layer.self_attn.register_forward_hook(lambda _, given, out: seen.update(attended=out[0]))
    with torch.no_grad():
        fused(IDS)
        x = seen["x"] + seen["attended"]
        into = layer.post_attention_layernorm(x)
        mlp, fusion = layer.mlp, layer.fusion
        h = x + mlp.down_proj(mlp.act_fn(mlp.gate_proj(into)) * mlp.up_proj(into))
        after, beside = fusion.networks
        a = torch.stack([after(h), 4 * beside(into)])  # the recipe's scale
        scores = ((h @ fusion.query.weight.T) * (a @ fusion.key.weight.T)).sum(-1)
        mixed = (softmax(scores, 0)[..., None] * (a @ fusion.value.weight.T)).sum(0)
    assert softmax(scores, 0).std() > 0.01  # attention makes a difference
    torch.testing.assert_close(seen["out"], h + mixed, rtol=1e-4, atol=1e-4)


def test_it_begins_near_the_mean_of_its_adapters(fused, folders, loud_base):
    """Of one layer: further up each adapter sees states that the others have changed."""
    seen = {}

    def first_layer(model):
        hook = model.model.layers[0].register_forward_hook(
            lambda _, given, out: seen.update(out=out)
        )
        with torch.no_grad():
            model(IDS)
        hook.remove()
        return seen["out"]

    alone = [
        first_layer(peftline.load_adapter(load_model(loud_base, torch.float32), folder))
        for folder in folders
    ]
    for layer in fused.model.layers:
        torch.nn.init.zeros_(layer.fusion.query.weight)  # no adapter is preferred
    torch.testing.assert_close(first_layer(fused), sum(alone) / 2, rtol=1e-4, atol=1e-4)


def test_the_adapters_stay_as_they_were_trained(every, fused):
    before = {name: p for name, p in fused.named_parameters() if ".networks." in name}
    after = dict(every.trained("adapter_fusion").model.named_parameters())
    assert before
    for name, parameter in before.items():
        assert not parameter.requires_grad
        torch.testing.assert_close(after[name], parameter, rtol=0, atol=0)


def test_its_values_are_kept_near_the_identity(fused):
    penalty = adapters.companions(CONFIG, fused, Plan()).penalty
    assert penalty().item() == 0
    with torch.no_grad():
        fused.model.layers[0].fusion.value.weight[0, 1] = 3
    assert penalty().item() == pytest.approx(0.01 * 9)


def test_it_opens_without_the_folders_of_its_adapters(every):
    values = json.loads(
        (every.trained("adapter_fusion").folder / "adapter_config.json").read_text()
    )
    assert values["adapters"] == CONFIG.adapters
    assert [part["placement"] for part in values["parts"]] == ["pfeiffer", "parallel"]


def test_it_remembers_what_it_is_made_of(every):
    handle = delivery.describe(every.trained("adapter_fusion").folder)
    parts = [delivery.describe(every.trained(name).folder) for name in CONFIG.adapters]
    assert handle.parts == [
        {"recipe": p.recipe, "seed": 42, "sha256": p.sha256, "data_sha256": p.data_sha256}
        for p in parts
    ]


def test_a_part_of_another_base_is_refused(every):
    parts = [delivery.describe(every.trained(name).folder) for name in CONFIG.adapters]
    other = every.base.model_copy(update={"sha256": "other"})
    with pytest.raises(PeftlineError, match="trained on another base model"):
        build_model(recipe_of("adapter_fusion"), other, Plan(), parts)


def test_what_lies_beside_a_normalised_part_is_refused(folders, tiny_model):
    """Gemma 2 and Granite change what a network beside the feed-forward part has added."""
    tiny_model.config.residual_multiplier = 0.5
    with pytest.raises(PeftlineError, match="Take adapters placed as pfeiffer"):
        adapters.build(CONFIG, tiny_model, Plan(parts=folders))


def test_a_copy_of_the_model_answers_alike(fused):
    with torch.no_grad():
        torch.testing.assert_close(deepcopy(fused)(IDS).logits, fused(IDS).logits)


def test_what_cannot_be_fused_is_named(every, loud_base):
    folders = tuple(every.trained(name).folder for name in ("pfeiffer", "houlsby", "lora"))
    with pytest.raises(PeftlineError) as error:
        adapters.build(CONFIG, load_model(loud_base), Plan(parts=folders))
    assert "(houlsby)" in str(error.value) and "(LORA)" in str(error.value)
    assert str(folders[0]) not in str(error.value)
