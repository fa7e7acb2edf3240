"""The fused RMS norm is transformers', forwards and backwards."""

import pytest
import torch
from torch.autograd import gradcheck
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from peftline.speed import norms
from peftline.speed.norms import RmsNorm


def norm(kind=LlamaRMSNorm, dtype=torch.float32):
    layer = kind(16).to(dtype)
    torch.nn.init.normal_(layer.weight)
    return layer.requires_grad_(False)


def outcome(layer, x):
    x = x.clone().requires_grad_()
    out = layer(x)
    (out * torch.arange(out.numel()).view_as(out).sin()).sum().backward()
    return out.detach(), x.grad


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_outputs_and_gradients_are_those_of_transformers(dtype, tolerance):
    layer, x = norm(dtype=dtype), torch.randn(3, 5, 16).to(dtype)
    usual = outcome(layer, x)
    with norms.fused(torch.nn.Sequential(layer)) as layers:
        assert layers == 1
        ours = outcome(layer, x)
    assert torch.equal(ours[0], usual[0])
    assert (ours[1] - usual[1]).norm() <= tolerance * usual[1].norm()
    assert torch.equal(outcome(layer, x)[1], usual[1]), "undone"


def test_the_gradient_is_that_of_the_formula():
    x = torch.randn(4, 8, requires_grad=True)
    weight = torch.randn(8)
    assert gradcheck(lambda x: RmsNorm.apply(x, weight, 1e-6), x, eps=1e-2, atol=2e-2, rtol=2e-2)


def test_norms_of_another_formula_and_trained_ones_are_left():
    trained = norm().requires_grad_(True)
    with norms.fused(torch.nn.Sequential(norm(GemmaRMSNorm), trained)) as layers:
        assert layers == 0
