import pytest
import torch
from pydantic import ValidationError

from peftline import adapters
from peftline.adapters.ia3 import Ia3
from peftline.adapters.rotations import Oft
from peftline.adapters.shira import Shira
from peftline.errors import PeftlineError


def test_ia3_may_scale_outputs_alone(tiny_model):
    config = Ia3(target_modules=["q_proj", "k_proj"], input_modules=[])
    wrapped = adapters.build(config, tiny_model)
    assert sum(p.numel() for p in wrapped.parameters() if p.requires_grad) == 2 * (64 + 32)


def test_an_input_that_is_not_scaled_is_refused():
    with pytest.raises(ValidationError, match="'down_proj'.* are not among target_modules"):
        Ia3(target_modules=["q_proj"])


def test_blocks_that_do_not_fit_are_refused(tiny_model):
    with pytest.raises(PeftlineError, match="block_size=48 does not divide .* 64, 128 features"):
        adapters.build(Oft(block_size=48), tiny_model)


def test_shira_takes_other_places_for_another_seed(tiny_base):
    from peftline.base_model.loading import load_model

    places = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        wrapped = adapters.build(Shira(rank=1), load_model(tiny_base, torch.float32))
        layer = wrapped.get_base_model().model.layers[0].self_attn.q_proj
        places.append(layer.shira_indices["default"])
    assert torch.equal(places[0], places[1]) and not torch.equal(places[0], places[2])
