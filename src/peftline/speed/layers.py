"""Give layers another way to compute what they compute, for a while; try a model out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

# oneDNN makes its kernels anew for each number of rows of a product, which takes longer than the
# product itself (10 to 40 ms beside 5): filled up to a multiple, few numbers occur.
MULTIPLE = 64


@contextmanager
def replaced(
    layers: Iterable[Any], forward_of: Callable[[Any], Callable[..., torch.Tensor]]
) -> Iterator[int]:
    """Let `forward_of(layer)` take the place of each layer's `forward`; undone on leaving.

    Yields:
        How many layers there are.
    """
    layers = list(layers)
    before = [vars(layer).get("forward") for layer in layers]  # of another replacement, around this
    for layer in layers:
        layer.forward = forward_of(layer)
    try:
        yield len(layers)
    finally:
        for layer, own in zip(layers, before, strict=True):
            del layer.forward  # the class's own comes back
            if own is not None:
                layer.forward = own


@contextmanager
def trial(model: torch.nn.Module) -> Iterator[None]:
    """Try a model out: without gradients and dropout."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def is_prompt_learning(model: Any) -> bool:
    """Whether a model has virtual tokens of PEFT, which stand before each row."""
    config = getattr(model, "active_peft_config", None)
    return config is not None and config.is_prompt_learning


def causal_lm_of(model: Any) -> Any:
    """The model with its head that an adapter of PEFT wraps; any other model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
