"""Attention within packed rows is that of each row alone, whichever way it is computed."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from peftline.errors import PeftlineError
from peftline.speed import attention
from peftline.speed.attention import attend_within_rows

LENGTHS = [9, 2, 17, 1, 5, 17]
HEADS, SHARED, WIDTH = 6, 2, 8
EITHER_WAY = pytest.mark.parametrize("short_tokens", [0, 256], ids=["alone", "together"])


def states(heads, width=WIDTH):
    return torch.randn(1, heads, sum(LENGTHS), width, requires_grad=True)


def one_by_one(query, key, value, scale=None):
    rows = zip(*(each.split(LENGTHS, 2) for each in (query, key, value)), strict=True)
    attended = [
        scaled_dot_product_attention(*row, is_causal=True, enable_gqa=True, scale=scale)
        for row in rows
    ]
    return torch.cat(attended, 2).transpose(1, 2)


@pytest.fixture
def given():
    torch.manual_seed(0)
    return states(HEADS), states(SHARED), states(SHARED)


@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("value_width", [WIDTH, 4])
@pytest.mark.parametrize("short_tokens", [0, 5, 256], ids=["all alone", "some", "all together"])
@pytest.mark.parametrize("kept_tokens", [256, 5], ids=["weights kept", "computed again"])
def test_rows_and_gradients_are_those_of_each_row_alone(
    given, short_tokens, kept_tokens, value_width, scale, monkeypatch
):
    monkeypatch.setattr(attention, "_SHORT_TOKENS", short_tokens)
    monkeypatch.setattr(attention, "_KEPT_TOKENS", kept_tokens)
    given = (*given[:2], states(SHARED, value_width))
    upstream = torch.randn(1, sum(LENGTHS), HEADS, value_width)
    out, _ = attend_within_rows(None, *given, None, scaling=scale, row_lengths=LENGTHS)
    wanted = one_by_one(*given, scale)
    torch.testing.assert_close(out, wanted, rtol=1e-5, atol=1e-6)
    ours = torch.autograd.grad(out, given, upstream)
    for found, right in zip(ours, torch.autograd.grad(wanted, given, upstream), strict=True):
        assert (found - right).norm() <= 1e-5 * right.norm()


def test_sixteen_bit_rows_are_as_near_to_float32_as_the_fused_kernels(given):
    """Steep weights, so that scores rounded to 16 bits would show."""
    halves = [each.detach().bfloat16().requires_grad_() for each in given]
    wholes = [half.detach().float().requires_grad_() for half in halves]
    upstream = torch.randn(1, sum(LENGTHS), HEADS, WIDTH).bfloat16()

    def with_gradients(out, inputs):
        found = torch.autograd.grad(out, inputs, upstream.to(out.dtype))
        return [each.float() for each in (out, *found)]

    ours, _ = attend_within_rows(None, *halves, None, scaling=3.0, row_lengths=LENGTHS)
    assert ours.dtype == torch.bfloat16
    for one, kernel, exact in zip(
        with_gradients(ours, halves),
        with_gradients(one_by_one(*halves, 3.0), halves),
        with_gradients(one_by_one(*wholes, 3.0), wholes),
        strict=True,
    ):
        assert (one - exact).norm() < 1.5 * (kernel - exact).norm()


@EITHER_WAY
def test_query_and_key_may_come_in_float32(given, short_tokens, monkeypatch):
    monkeypatch.setattr(attention, "_SHORT_TOKENS", short_tokens)
    query, key, value = given
    out, _ = attend_within_rows(None, query, key, value.bfloat16(), None, row_lengths=LENGTHS)
    assert out.dtype == torch.bfloat16


@EITHER_WAY
def test_dropout_leaves_out_its_share(given, short_tokens, monkeypatch):
    monkeypatch.setattr(attention, "_SHORT_TOKENS", short_tokens)
    torch.manual_seed(0)
    query, key, value = given
    out, _ = attend_within_rows(
        None, query, key, torch.ones_like(value), None, dropout=0.25, row_lengths=LENGTHS
    )
    assert out.mean().item() == pytest.approx(1, abs=0.1)
    assert out.max().item() > 1.2


def test_on_an_accelerator_each_row_is_computed_alone():
    plan = list(attention._plan(LENGTHS, "cuda"))
    assert {attend for attend, _ in plan} == {attention._alone}
    assert sorted(i for _, some in plan for i in some) == list(range(len(LENGTHS)))


@pytest.mark.parametrize("kind", ["softcap", "s_aux"])
def test_attentions_of_another_kind_are_refused(given, kind):
    with pytest.raises(PeftlineError, match=kind):
        attend_within_rows(None, *given, None, row_lengths=LENGTHS, **{kind: 30.0})


def test_rows_that_are_not_packed_are_refused(given):
    with pytest.raises(PeftlineError, match="row_lengths"):
        attend_within_rows(None, *given, None)


def test_the_precision_of_other_products_is_left_as_it_was(given):
    before = torch.backends.mkldnn.matmul.fp32_precision
    halves = [each.detach().bfloat16() for each in given]
    attend_within_rows(None, *halves, None, row_lengths=LENGTHS)
    assert torch.backends.mkldnn.matmul.fp32_precision == before
