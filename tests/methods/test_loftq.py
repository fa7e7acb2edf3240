import json

import pytest
import torch
from safetensors.torch import load_file

from peftline import adapters, quantization
from peftline.adapters.lora import Lora
from peftline.adapters.plan import Plan
from peftline.base_model.loading import load_model
from peftline.quantization import FP4, NF4
from tests.methods.recipes import recipe_of


@pytest.fixture(params=[NF4(), NF4(double_quantization=False), FP4()], ids=str)
def parts(request, loud_base):
    """The base as it is, rounded, and rounded with what LoftQ puts beside it."""

    def rounded():
        model = load_model(loud_base, torch.float32, request.param)
        return quantization.prepare(request.param, model)

    whole = load_model(loud_base, torch.float32)
    config = Lora(rank=8, alpha=4, initialization="loftq")
    model = adapters.build(config, rounded(), Plan(unrounded=lambda: whole))
    return whole, rounded(), model.eval()


def layer(model, name="model.layers.1.mlp.down_proj"):
    return model.get_submodule(name)


def unpacked(rounded):
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(rounded.weight.data, rounded.weight.quant_state).float()


def test_no_update_of_this_rank_is_nearer_to_what_rounding_has_lost(parts):
    """Eckart and Young: the error of the best one is that of the singular values left out."""
    whole, rounded, model = parts
    lost = layer(whole).weight - unpacked(layer(rounded))
    update = layer(model.get_base_model()).get_delta_weight("default")
    left_out = torch.linalg.svdvals(lost)[8:].square().sum().sqrt()
    torch.testing.assert_close(torch.linalg.norm(lost - update), left_out, rtol=1e-4, atol=1e-5)


def test_a_rank_above_that_of_the_weight_takes_all_that_was_lost(loud_base):
    whole = load_model(loud_base, torch.float32)
    rounded = quantization.prepare(NF4(), load_model(loud_base, torch.float32, NF4()))
    config = Lora(rank=512, alpha=4, initialization="loftq")
    model = adapters.build(config, rounded, Plan(unrounded=lambda: whole)).eval()
    ids = torch.arange(40)[None]
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, whole(ids).logits, rtol=1e-3, atol=1e-3)


def test_the_model_begins_nearer_to_the_unrounded_one(parts):
    whole, rounded, model = parts
    ids = torch.arange(40)[None]
    with torch.no_grad():
        wanted, before, after = (one(ids).logits for one in (whole, rounded, model))
    assert torch.linalg.norm(after - wanted) < 0.9 * torch.linalg.norm(before - wanted)


def test_what_is_saved_is_the_difference_to_the_beginning(every):
    """So it belongs to the unrounded base, on which it is scored."""
    beginning, done = every.build("loftq"), every.trained("loftq")
    saved = load_file(done.folder / "adapter_model.safetensors")
    config = json.loads((done.folder / "adapter_config.json").read_text())
    name = "model.layers.1.mlp.down_proj"
    a, b = (saved[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
    trained = layer(done.model.get_base_model(), name).get_delta_weight("default")
    began = layer(beginning.get_base_model(), name).get_delta_weight("default")
    assert trained.ne(began).any()
    update = config["lora_alpha"] / config["r"] * (b @ a)
    torch.testing.assert_close(update, trained - began, rtol=1e-3, atol=1e-5)
    assert config["r"] == 2 * recipe_of("loftq").adapter.rank
