"""What an adapter adds to the trainer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback


class Companions(NamedTuple):
    """Nothing, for most."""

    callbacks: "list[TrainerCallback]" = []
    """Called by the trainer as training goes on."""
    penalty: "Callable[[], torch.Tensor] | None" = None
    """A scalar whose gradients are added to those of each step."""
    rate: Callable[[int], float] | None = None
    """Factor of the schedule's rate by the number of steps that are done."""
