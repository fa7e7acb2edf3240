"""The loss of a frozen head, without keeping its logits."""

from typing import Any

import torch
from torch.nn.functional import pad

from peftline.speed.layers import MULTIPLE

# Positions that pass the head at once: 512 x 49,152 float32 logits are 100 MB.
_CHUNK = 512
_LARGEST = 80.0  # nats; exp(-87) is the smallest number that float32 holds with all its digits


class FrozenHeadLoss(torch.autograd.Function):
    """Sum of next-token losses; the gradient of the states is computed together with them.

    The gradient of a summed loss is known but for a factor as soon as the logits are, softmax minus
    one at the target, so each chunk of logits is used for both and forgotten. Autograd would keep
    all logits, or compute them twice.
    """

    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, targets: torch.Tensor, head: torch.nn.Linear
    ) -> torch.Tensor:
        """Args:
        states: (tokens, width).
        targets: (tokens), the ids that follow.
        head: frozen; projects states onto the vocabulary.
        """
        total = states.new_zeros((), dtype=torch.float32)
        grad = torch.zeros_like(states)
        for at in range(0, len(targets), _CHUNK):
            wanted = targets[at : at + _CHUNK, None]
            count = len(wanted)
            filled = pad(states[at : at + _CHUNK], (0, 0, 0, -count % MULTIPLE))
            logits = head(filled)
            # One pass in float32. `logsumexp`, a difference and an exponential were five, with
            # copies of the logits in between: 860 ms instead of 190, head included.
            shares = logits.softmax(1, dtype=torch.float32)
            total += _losses(shares[:count], logits[:count], wanted).sum()
            if ctx.needs_input_grad[0]:
                shares[:count].scatter_add_(1, wanted, shares.new_full(wanted.shape, -1.0))
                grad[at : at + _CHUNK] = (shares.to(states.dtype) @ head.weight)[:count]
        ctx.save_for_backward(grad)
        return total

    @staticmethod
    def backward(ctx: Any, grad_total: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradient of `states`."""
        (grad,) = ctx.saved_tensors
        return grad * grad_total.to(grad.dtype), None, None


def _losses(shares: torch.Tensor, logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Minus the logarithm of the share of each wanted token."""
    losses = -shares.gather(1, wanted).log()
    # A share below 1e-38 is rounded; those few are computed from the logits.
    lost = (losses > _LARGEST).squeeze(1)
    if lost.any():
        rows = logits[lost].float()
        losses[lost] = rows.logsumexp(1, keepdim=True) - rows.gather(1, wanted[lost])
    return losses


def is_frozen(head: torch.nn.Module) -> bool:
    """Whether `FrozenHeadLoss` gives all gradients of this head: its own are not wanted."""
    return type(head) is torch.nn.Linear and not any(p.requires_grad for p in head.parameters())
