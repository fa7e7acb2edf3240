"""Predicted sizes against those of opened models, and closed forms."""

import dataclasses

import pytest
import torch

from peftline.base_model.loading import load_base
from peftline.base_model.shapes import shapes_of
from peftline.delivery.stage_memory import (
    Asked,
    Held,
    answering,
    merging,
    reading,
    weights_bytes,
)
from peftline.quantization import NF4, Int8, NoQuantization

ASKED = Asked(batch_tokens=1000, row_tokens=100)


def held(quantization=None, dtype=torch.bfloat16, adapter_bytes=0, merges=False):
    return Held(quantization or NoQuantization(), dtype, adapter_bytes, merges)


def opened_bytes(model):
    """Of parameters, with the scales of those that are in four bits."""
    states = (getattr(p, "quant_state", None) for p in model.parameters())
    nested = (s for s in states if s is not None)
    scales = sum(s.absmax.nbytes + s.state2.absmax.nbytes for s in nested)
    return sum(p.nbytes for p in model.parameters()) + scales


@pytest.mark.parametrize("quantization", [NoQuantization(), NF4(), Int8()], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_take_what_those_of_the_opened_base_take(loud_base, quantization, dtype):
    predicted = weights_bytes(shapes_of(loud_base), held(quantization, dtype))
    assert predicted == pytest.approx(
        opened_bytes(load_base(loud_base, dtype, quantization)), rel=0.01
    )


def test_a_cache_grows_with_tokens_layers_and_heads(loud_base):
    shapes = shapes_of(loud_base)
    once, twice = (answering(shapes, held(), ASKED._replace(batch_tokens=n)) for n in (1000, 2000))
    per_token = 2 * (shapes.layers * shapes.key_value_width + 6 * 64 + 3 * 128)
    assert twice - once == 1000 * per_token


def test_a_merge_needs_one_layer_in_float32_beside_the_model(loud_base):
    """And not a second model: with as many layers again, the rest grows alone."""
    shapes = shapes_of(loud_base)
    deep = dataclasses.replace(
        shapes, in_layers=2 * shapes.in_layers, parameters=shapes.parameters + shapes.in_layers
    )
    for stage in (merging, answering):
        grown = stage(deep, held(merges=True), ASKED) - stage(shapes, held(merges=True), ASKED)
        assert grown == 2 * shapes.in_layers
    silent = shapes_of(loud_base)
    merged = reading(silent, held(merges=True, adapter_bytes=10**6))
    assert merged - reading(silent, held(merges=True)) == 10**6


def test_only_what_merges_is_widened(loud_base):
    shapes = dataclasses.replace(shapes_of(loud_base), largest_in_layers=10**7)
    few = Asked(1, 1)
    beside = answering(shapes, held(), few)
    assert answering(shapes, held(merges=True), few) - beside == pytest.approx(
        3 * 4 * 10**7, rel=0.01
    )
    packed = answering(shapes, held(NF4()), few) - weights_bytes(shapes, held(NF4()))
    assert packed == 2 * 2 * 10**7, "a layer is unpacked for its product"
