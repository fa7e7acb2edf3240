"""What some adapters must know of the run they are built for."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Batch = dict[str, "torch.Tensor"]


class Plan(NamedTuple):
    """A run that is about to begin."""

    steps: int = 1
    """Optimizer steps."""
    batches: Callable[[], Iterable[Batch]] = tuple
    """Gives batches of training rows (`input_ids`, `attention_mask`, `labels`), each call anew."""
    tokenizer: "PreTrainedTokenizerBase | None" = None
    """Of the base."""
    parts: tuple[Path, ...] = ()
    """Folders of trained adapters that this one is made of."""
    unrounded: "Callable[[], PreTrainedModel] | None" = None
    """Opens the base as it is, on the CPU, to compare it with the quantised one."""
