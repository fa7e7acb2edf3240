"""Where the base in 16 bits is too large, the quantised one is scored, and the host merges."""

import pytest
import torch

from peftline.base_model import hardware
from peftline.delivery.placement import place
from peftline.quantization import NF4, NoQuantization


@pytest.fixture
def in_16_bits(loud_base):
    return 2 * loud_base.parameters


def test_a_base_that_fits_is_scored_as_it_is_delivered(loud_base, in_16_bits):
    found = place(loud_base, NF4(), in_16_bits)
    assert found.scored_on == "unquantized" and found.quantization == NoQuantization()
    assert found.merge_device is None


def test_a_base_that_does_not_fit_stays_as_it_was_trained_on(loud_base, in_16_bits):
    found = place(loud_base, NF4(double_quantization=False), in_16_bits - 1)
    assert found.scored_on == "quantized"
    assert found.quantization == NF4(double_quantization=False)
    assert found.merge_device == torch.device("cpu")
    assert (found.unquantized_bytes, found.available_bytes) == (in_16_bits, in_16_bits - 1)


def test_what_was_trained_on_16_bits_has_them(loud_base):
    assert place(loud_base, NoQuantization(), 0).scored_on == "unquantized"


def test_by_itself_it_looks_at_what_is_free_now(loud_base, monkeypatch):
    monkeypatch.setattr(hardware, "free_memory_bytes", lambda: 1000)
    assert place(loud_base, NF4()).available_bytes == 1000
    assert place(loud_base, NF4()).scored_on == "quantized"
