"""RMS norms with fewer passes over their input."""

from contextlib import AbstractContextManager
from typing import Any

import torch

from peftline.speed.layers import replaced


class RmsNorm(torch.autograd.Function):
    """x / rms(x) * weight for a frozen weight (Zhang & Sennrich 2019, arXiv:1910.07467).

    Rounded as transformers' modules do: float32 up to the product with the weight. Autograd goes
    back through each of their operations; here the closed form does.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        """Args:
        x: (…, width).
        weight: (width).
        epsilon: added to the mean square.
        """
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(x, scale, weight)
        return (wide * scale).to(x.dtype) * weight

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradient of `x`."""
        x, scale, weight = ctx.saved_tensors
        wide = (grad * weight).float()
        unit = x.float() * scale
        along = torch.linalg.vecdot(wide, unit).unsqueeze(-1) / x.shape[-1]
        return wide.addcmul_(unit, along, value=-1).mul_(scale).to(x.dtype), None, None


def fused(model: torch.nn.Module) -> AbstractContextManager[int]:
    """Compute a model's plain, frozen RMS norms by `RmsNorm`; undone on leaving.

    Plain is what gives the same as `RmsNorm` on a trial input: some models add one to the weight.

    Returns:
        A context that gives the number of layers computed so.
    """
    return replaced([layer for layer in model.modules() if _plain(layer)], _forward)


def _forward(layer: Any) -> Any:
    return lambda x: RmsNorm.apply(x, layer.weight, _epsilon(layer))


def _epsilon(layer: Any) -> float | None:
    """What a norm adds to the mean square, under either of its names in transformers."""
    return getattr(layer, "variance_epsilon", getattr(layer, "eps", None))


@torch.no_grad()
def _plain(layer: Any) -> bool:
    if not type(layer).__name__.endswith("RMSNorm") or _epsilon(layer) is None:
        return False
    weight = getattr(layer, "weight", None)
    if weight is None or weight.requires_grad or "forward" in vars(layer):
        return False
    trial = torch.linspace(-2, 3, weight.numel(), dtype=weight.dtype, device=weight.device)[None]
    return torch.equal(layer(trial), RmsNorm.apply(trial, weight, _epsilon(layer)))
