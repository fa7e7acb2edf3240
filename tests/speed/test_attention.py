"""Attention within packed rows is that of each row alone, whichever way it is computed."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from peftline.speed import attention

LENGTHS = [9, 2, 17, 1, 5, 17]
HEADS, SHARED, WIDTH = 6, 2, 8


def states(heads):
    return torch.randn(1, heads, sum(LENGTHS), WIDTH, requires_grad=True)


def one_by_one(query, key, value):
    rows = zip(*(each.split(LENGTHS, 2) for each in (query, key, value)), strict=True)
    attended = [
        scaled_dot_product_attention(*row, is_causal=True, enable_gqa=True, scale=0.3)
        for row in rows
    ]
    return torch.cat(attended, 2).transpose(1, 2)


@pytest.fixture
def given():
    torch.manual_seed(0)
    return states(HEADS), states(SHARED), states(SHARED)


@pytest.mark.parametrize("short_tokens", [0, 5, 256], ids=["all alone", "some", "all together"])
def test_rows_and_gradients_are_those_of_each_row_alone(given, short_tokens, monkeypatch):
    monkeypatch.setattr(attention, "_SHORT_TOKENS", short_tokens)
    upstream = torch.randn(1, sum(LENGTHS), HEADS, WIDTH)
    out, _ = attention.attend_within_rows(None, *given, None, scaling=0.3, row_lengths=LENGTHS)
    wanted = one_by_one(*given)
    torch.testing.assert_close(out, wanted, rtol=1e-5, atol=1e-6)
    ours = torch.autograd.grad(out, given, upstream)
    for found, right in zip(ours, torch.autograd.grad(wanted, given, upstream), strict=True):
        assert (found - right).norm() <= 1e-5 * right.norm()


def test_sixteen_bit_rows_are_as_near_to_float32_as_the_fused_kernels(given):
    exact = one_by_one(*given)
    halves = [each.detach().bfloat16() for each in given]
    found, _ = attention.attend_within_rows(None, *halves, None, scaling=0.3, row_lengths=LENGTHS)
    fused = one_by_one(*halves)
    assert found.dtype == torch.bfloat16
    assert (found - exact).norm() < 1.5 * (fused - exact).norm()


def test_dropout_leaves_weights_out(given):
    torch.manual_seed(0)
    dropped, _ = attention.attend_within_rows(
        None, *given, None, scaling=0.3, dropout=0.5, row_lengths=LENGTHS
    )
    kept, _ = attention.attend_within_rows(None, *given, None, scaling=0.3, row_lengths=LENGTHS)
    assert not torch.allclose(dropped, kept)


@pytest.mark.parametrize("kind", ["softcap", "s_aux"])
def test_attentions_of_another_kind_are_refused(given, kind):
    with pytest.raises(attention.PeftlineError, match=kind):
        attention.attend_within_rows(None, *given, None, row_lengths=LENGTHS, **{kind: 30.0})
