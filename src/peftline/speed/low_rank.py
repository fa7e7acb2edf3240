"""The product of a LoRA layer as one function, with fewer passes over its activations."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft.tuners.lora.layer import LoraLayer
from torch.nn.functional import linear

from peftline.speed.layers import replaced

_FROZEN = (torch.nn.Linear, Linear4bit)  # whose weights can be had as one matrix


class LowRankProduct(torch.autograd.Function):
    """x W' + bias + scale * (x A') B', for a frozen W (Hu et al. 2021, arXiv:2106.09685).

    Autograd's own way writes the update, its scaled copy and the sum, each as large as the
    layer's output, and as much again going back. Here both products add into the same memory, and
    the scale goes onto the thin factor. W is asked for again going back, so that a quantised one
    is never kept unpacked.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
        weight: Callable[[], torch.Tensor],
        bias: torch.Tensor | None,
    ) -> torch.Tensor:
        """Args:
        x: (…, in); its type is that of the arithmetic.
        a: (rank, in).
        b: (out, rank).
        scale: alpha / rank.
        weight: gives W, (out, in), in the type of `x`.
        bias: (out) or None.
        """
        rows = x.reshape(-1, x.shape[-1])
        down = rows @ a.to(x.dtype).t()
        out = linear(rows, weight().to(x.dtype), bias)
        out.addmm_(down, (b * scale).to(x.dtype).t())
        ctx.save_for_backward(rows, down, a, b)
        ctx.scale, ctx.weight = scale, weight
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of `x`, `a` and `b`."""
        rows, down, a, b = ctx.saved_tensors
        grad_rows = grad.reshape(-1, grad.shape[-1])
        grad_down = grad_rows @ (b * ctx.scale).to(rows.dtype)
        grad_a = (grad_down.t() @ rows).to(a.dtype)
        grad_b = (grad_rows.t() @ down).to(b.dtype) * ctx.scale
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = grad_rows @ ctx.weight().to(rows.dtype)
            grad_x.addmm_(grad_down, a.to(rows.dtype))
            grad_x = grad_x.view(*grad.shape[:-1], -1)
        return grad_x, grad_a, grad_b, None, None, None


def fused(model: torch.nn.Module) -> AbstractContextManager[int]:
    """Compute the plain LoRA layers of a model as one function each; undone on leaving.

    Layers that do more than the formula (dropout, DoRA, several adapters at once, a bias of their
    own) keep PEFT's way, and so do all while an adapter is disabled or merged.

    Returns:
        A context that gives the number of layers computed so.
    """
    return replaced([layer for layer in model.modules() if _plain(layer)], _forward)


def _forward(layer: Any) -> Callable[..., torch.Tensor]:
    usual = layer.forward
    (name,) = layer.active_adapters
    a, b, scale = layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name]
    base = layer.get_base_layer()
    weight = _weight(base)

    def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if args or kwargs or layer.disable_adapters or layer.merged:
            return usual(x, *args, **kwargs)
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        return LowRankProduct.apply(x, a, b, scale, weight, base.bias)

    return forward


def _weight(base: Any) -> Callable[[], torch.Tensor]:
    """What gives the weights of a linear layer, unpacked if they are held in four bits."""
    if type(base) is torch.nn.Linear:
        return lambda: base.weight
    return lambda: dequantize_4bit(base.weight.data, base.weight.quant_state)


def _plain(layer: torch.nn.Module) -> bool:
    """Whether a layer computes the formula of `LowRankProduct` and no more."""
    if not isinstance(layer, LoraLayer) or len(layer.active_adapters) != 1:
        return False
    (name,) = layer.active_adapters
    return (
        name in layer.lora_A
        and name not in layer.lora_variant
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
        and not layer.lora_bias[name]
        and not getattr(layer, "fan_in_fan_out", False)
        and type(layer.get_base_layer()) in _FROZEN
    )
