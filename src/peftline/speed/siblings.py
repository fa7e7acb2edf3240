"""Which layers of a model are given the very same input."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch

from peftline.speed.layers import trial


def with_one_input(
    model: torch.nn.Module, layers: list[Any], try_out: Callable[[], Any]
) -> list[list[Any]]:
    """Layers in groups that are given one tensor, such as queries, keys and values.

    Args:
        layers: of `model`.
        try_out: passes anything through the model; called without gradients and dropout.

    Returns:
        Each layer in one group; one that was not reached, in a group of its own.
    """
    inputs: dict[Any, torch.Tensor] = {}  # kept, so that no two have one address
    with ExitStack() as stack:
        for layer in layers:
            look = layer.register_forward_pre_hook(
                lambda module, given: inputs.update({module: given[0]})
            )
            stack.callback(look.remove)
        stack.enter_context(trial(model))
        try_out()
    groups: dict[int, list[Any]] = defaultdict(list)
    for layer in layers:
        groups[id(inputs.get(layer, layer))].append(layer)
    return list(groups.values())
