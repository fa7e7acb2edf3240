"""Merged layer by layer, every method gives what PEFT's own float32 merge gives."""

import pytest
import torch

from peftline.base_model.loading import load_model
from peftline.delivery import adapter as delivery
from peftline.delivery import answering
from tests.methods.recipes import able

MERGE = able("merges")


def weights(model):
    return {name: p.detach() for name, p in model.named_parameters()}


def of_peft(every, name, dtype):
    """By PEFT alone, in float32, of the base's weights as they are in `dtype`."""
    base = load_model(every.base, dtype).float()
    wrapped = delivery.load(base, delivery.describe(every.trained(name).folder))
    return weights(wrapped.merge_and_unload(safe_merge=True))


@pytest.mark.parametrize("name", MERGE)
def test_in_float32_the_weights_are_those_of_peft(every, name):
    handle = delivery.describe(every.trained(name).folder)
    merged = weights(answering.merged(load_model(every.base, torch.float32), handle))
    expected = of_peft(every, name, torch.float32)
    assert merged.keys() == expected.keys()
    for key, weight in merged.items():
        torch.testing.assert_close(weight, expected[key], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", MERGE)
def test_in_16_bits_they_are_rounded_once(every, name):
    handle = delivery.describe(every.trained(name).folder)
    merged = weights(answering.merged(load_model(every.base, torch.bfloat16), handle))
    for key, expected in of_peft(every, name, torch.bfloat16).items():
        assert merged[key].dtype == torch.bfloat16
        torch.testing.assert_close(merged[key].float(), expected, rtol=2**-8, atol=1e-6)
