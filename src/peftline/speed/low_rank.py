"""The products of LoRA layers, with fewer passes over their activations."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft.tuners import lora
from torch.nn.functional import linear

from peftline.speed.layers import replaced
from peftline.speed.siblings import with_one_input

# AdaLoRA's layers are kinds of LoRA's, but compute something else.
_PLAIN = (lora.Linear, lora.Linear4bit)
_FROZEN = (torch.nn.Linear, Linear4bit)  # whose weights can be had as one matrix


class Frozen(NamedTuple):
    """What of a LoRA layer is not trained."""

    weight: Callable[[], torch.Tensor]
    """Gives W, (out, in); asked for again going back, so that a quantised one is never kept."""
    bias: torch.Tensor | None
    """(out)."""
    scale: float
    """alpha / rank."""


class LowRankProducts(torch.autograd.Function):
    """x W' + bias + scale * (x A') B' of layers with one input (Hu et al. 2021, arXiv:2106.09685).

    Autograd's own way writes the update, its scaled copy and the sum, each as large as the
    layer's output, and as much again going back. Here both products add into the same memory, the
    scale goes onto the thin factor, and the thin factors of all layers pass the input at once.
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, layers: list[Frozen], *factors: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Args:
        x: (…, in); its type is that of the arithmetic.
        layers: one or several.
        factors: A of each layer, (rank, in), then B of each layer, (out, rank).

        Returns:
            The output of each layer, (…, out).
        """
        every_a, every_b = factors[: len(layers)], factors[len(layers) :]
        rows = x.reshape(-1, x.shape[-1])
        a = torch.cat([each.to(x.dtype) for each in every_a])
        down = rows @ a.t()
        ranks = [len(each) for each in every_a]
        outs = []
        for layer, b, own in zip(layers, every_b, down.split(ranks, 1), strict=True):
            out = linear(x, layer.weight().to(x.dtype), layer.bias)
            out.view(len(rows), -1).addmm_(own, (b * layer.scale).to(x.dtype).t())
            outs.append(out)  # no view: some models clamp it in place
        ctx.save_for_backward(rows, down, a, *every_b)
        ctx.layers, ctx.ranks, ctx.shape = layers, ranks, x.shape
        return tuple(outs)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of `x` and of the factors."""
        rows, down, a, *every_b = ctx.saved_tensors
        dtype = rows.dtype
        every_grad = [grad.reshape(-1, grad.shape[-1]) for grad in grads]
        per_layer = list(zip(every_grad, ctx.layers, every_b, strict=True))
        grad_down = torch.cat([g @ (b * layer.scale).to(dtype) for g, layer, b in per_layer], 1)
        grad_a = (grad_down.t() @ rows).to(every_b[0].dtype).split(ctx.ranks)
        grad_b = [
            (g.t() @ own).to(b.dtype) * layer.scale
            for (g, layer, b), own in zip(per_layer, down.split(ctx.ranks, 1), strict=True)
        ]
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = grad_down @ a
            for grad, layer in zip(every_grad, ctx.layers, strict=True):
                grad_x.addmm_(grad, layer.weight().to(dtype))
            grad_x = grad_x.view(ctx.shape)
        return grad_x, None, *grad_a, *grad_b


def fused(model: torch.nn.Module, try_out: Callable[[], Any]) -> AbstractContextManager[int]:
    """Compute the plain LoRA layers of a model with fewer passes; undone on leaving.

    Layers that do more than the formula (dropout, DoRA, several adapters at once, a bias of their
    own) keep PEFT's way, and so do all while an adapter is disabled or merged.

    Args:
        try_out: passes anything through the model, to see which layers have one input, such as
            queries, keys and values. It is called without gradients: on a CPU a 4-bit base must
            have passed `quantization.keep_differentiable_on_cpu`.

    Returns:
        A context that gives the number of layers computed so.
    """
    layers = [layer for layer in model.modules() if _plain(layer)]
    forwards = {}
    for siblings in with_one_input(model, layers, try_out):
        together = _Together(siblings)
        forwards |= {layer: together.forward_of(at) for at, layer in enumerate(siblings)}
    return replaced(layers, forwards.__getitem__)


class _Together:
    """LoRA layers with one input: the first that is called computes the outputs of all."""

    def __init__(self, layers: list[Any]) -> None:
        self._layers = layers
        names = [layer.active_adapters[0] for layer in layers]
        named = list(zip(layers, names, strict=True))
        self._frozen = [_frozen(layer, name) for layer, name in named]
        self._factors = [layer.lora_A[name].weight for layer, name in named]
        self._factors += [layer.lora_B[name].weight for layer, name in named]
        self._input: torch.Tensor | None = None
        self._outputs: dict[int, torch.Tensor] = {}  # not yet asked for

    def forward_of(self, at: int) -> Callable[..., torch.Tensor]:
        """What takes the place of a layer's `forward`."""
        layer = self._layers[at]
        usual = layer.forward

        def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            if args or kwargs or layer.disable_adapters or layer.merged:
                return usual(x, *args, **kwargs)
            return self._output(at, x)

        return forward

    def _output(self, at: int, x: torch.Tensor) -> torch.Tensor:
        if x is not self._input or at not in self._outputs:
            # First of all, and again below: nothing is kept beyond its use, also where a
            # recomputation is broken off in the middle of `apply` (gradient checkpointing).
            self._input, self._outputs = None, {}
            outputs = LowRankProducts.apply(_for_arithmetic(x), self._frozen, *self._factors)
            self._input, self._outputs = x, dict(enumerate(outputs))
        found = self._outputs.pop(at)
        if not self._outputs:
            self._input = None
        return found


def _for_arithmetic(x: torch.Tensor) -> torch.Tensor:
    """The input in the type of autocast, where that is on."""
    device = x.device.type
    return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x


def _frozen(layer: Any, name: str) -> Frozen:
    base = layer.get_base_layer()
    return Frozen(_weight(base), base.bias, layer.scaling[name])


def _weight(base: Any) -> Callable[[], torch.Tensor]:
    """What gives the weights of a linear layer, unpacked if they are held in four bits."""
    if type(base) is torch.nn.Linear:
        return lambda: base.weight
    return lambda: dequantize_4bit(base.weight.data, base.weight.quant_state)


def _plain(module: Any) -> bool:
    """Whether a layer computes the formula of `LowRankProducts` and no more."""
    if type(module) not in _PLAIN or len(module.active_adapters) != 1:
        return False
    (name,) = module.active_adapters
    return (
        name in module.lora_A
        and name not in module.lora_variant
        and isinstance(module.lora_dropout[name], torch.nn.Identity)
        and not module.lora_bias[name]
        and not getattr(module, "fan_in_fan_out", False)
        and type(module.get_base_layer()) in _FROZEN
    )
