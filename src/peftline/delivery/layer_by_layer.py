"""Work in float32 on a model in 16 bits, with one layer at a time in float32."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy
import torch
from peft.tuners.tuners_utils import BaseTunerLayer

from peftline import memory

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

_POSITIONS = 4  # of a layer's input that its merge is checked on


def merge_in_place(model: "PeftModel", check: "MergeCheck | None" = None) -> "PreTrainedModel":
    """Merge an adapter into the weights below it: computed in float32, rounded once to their type.

    PEFT 0.21 computes an update in the type of the weights, so that in 16 bits it is rounded at
    each of its products. Here a layer and its adapter are widened, merged (`merge`, with PEFT's
    check for values that are no numbers) and narrowed before the next one: beside the model there
    is one layer in float32, with its update. Files that the weights lie in are let go one by one.

    Args:
        model: of PEFT, unmerged; it is used up.
        check: is told each layer before and after.

    Returns:
        The model below, which has no adapter left.
    """
    dtype = model.get_base_model().dtype
    memory.let_files_go(_unchanged(model))
    for layer in tuned_layers(model):
        layer.merge = partial(_merge_one, layer, check, dtype)  # PEFT's own loop calls it
    try:
        merged = model.merge_and_unload(safe_merge=True)
    finally:
        for layer in tuned_layers(model):
            vars(layer).pop("merge", None)
    narrow(merged, dtype)  # what was trained as a whole, such as a head
    return merged


def _unchanged(model: "PeftModel") -> list[torch.nn.Parameter]:
    changed = {p for layer in tuned_layers(model) for p in layer.parameters()}
    return [p for p in model.parameters() if p not in changed]


def _merge_one(
    layer: Any, check: "MergeCheck | None", dtype: torch.dtype, *args: Any, **kwargs: Any
) -> None:
    del layer.merge  # the class's own comes back
    _widen(layer)
    with ExitStack() as watched:
        if check is not None:
            watched.enter_context(check.watching(layer))
        layer.merge(*args, **kwargs)
    narrow(layer.get_base_layer(), dtype)


class MergeCheck:
    """Whether each layer gives after its merge what it gave before, on inputs that it has seen."""

    def __init__(self, model: "PeftModel") -> None:
        """Args:
        model: unmerged. The first input of each of its layers from now on is kept.
        """
        self.layers = 0
        """That have been compared."""
        self.worst = 0.0
        """Largest difference of an output, over the largest of the layer's outputs."""
        self._inputs: dict[Any, torch.Tensor] = {}
        self._hooks = [layer.register_forward_pre_hook(self._keep) for layer in tuned_layers(model)]

    def _keep(self, layer: Any, given: tuple[torch.Tensor, ...]) -> None:
        if layer not in self._inputs:
            states = given[0].detach()
            rows = states.reshape(-1, states.shape[-1]) if states.is_floating_point() else states
            few = rows[None] if states.is_floating_point() else rows.reshape(1, -1)
            self._inputs[layer] = few[:, :_POSITIONS].clone()

    @contextmanager
    def watching(self, layer: Any) -> Iterator[None]:
        """Compare what `layer`, which is in float32, gives before and after the block."""
        given = self._inputs.pop(layer, None)
        for hook in self._hooks:  # all inputs are known
            hook.remove()
        if given is None:  # no row has passed it, such as an expert that was not chosen
            yield
            return
        given = given.float() if given.is_floating_point() else given
        with torch.inference_mode():
            before = layer(given)
        yield
        with torch.inference_mode():
            difference = (layer(given) - before).abs().max() / before.abs().max().clamp(min=1e-30)
        self.layers += 1
        # numpy's keeps a value that is no number.
        self.worst = float(numpy.maximum(difference.item(), self.worst))


@contextmanager
def arithmetic_in_float32(model: torch.nn.Module) -> Iterator[None]:
    """Let each layer of a model in 16 bits compute in float32; undone on leaving.

    Its weights are widened while it computes, which changes no value. An adapter's layer counts as
    one with the layer below it.
    """
    tuned = tuned_layers(model)
    within = {inner for layer in tuned for inner in layer.modules()}
    others = [one for one in model.modules() if one not in within and _own(one, recurse=False)]
    units = [(layer, True) for layer in tuned] + [(layer, False) for layer in others]
    with ExitStack() as hooks:
        for layer, recurse in units:
            for hook in _widened_in_forward(layer, recurse):
                hooks.callback(hook.remove)
        yield


def _widened_in_forward(layer: torch.nn.Module, recurse: bool) -> list[Any]:
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []

    def widen(*_: Any) -> None:
        """Before."""
        for tensor in _own(layer, recurse):
            kept.append((tensor, tensor.data))
            tensor.data = tensor.data.float()

    def restore(*_: Any) -> None:
        """After."""
        while kept:
            tensor, data = kept.pop()
            tensor.data = data

    return [
        layer.register_forward_pre_hook(widen),
        layer.register_forward_hook(restore, always_call=True),
    ]


def tuned_layers(model: torch.nn.Module) -> list[Any]:
    """The layers that an adapter of PEFT changes."""
    return [module for module in model.modules() if isinstance(module, BaseTunerLayer)]


def narrow(layer: torch.nn.Module, dtype: torch.dtype) -> None:
    """Change the type of the weights alone, in place.

    `layer.to(bfloat16)` would round what is no weight as well: the frequencies of rotary positions,
    which transformers keeps in float32 whatever the type of a model. With 3 digits of them, far
    positions are others.
    """
    for parameter in layer.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)


def _widen(layer: torch.nn.Module) -> None:
    for tensor in _own(layer, recurse=True):
        tensor.data = tensor.data.float()


def _own(layer: torch.nn.Module, recurse: bool) -> list[torch.Tensor]:
    """Parameters, and buffers such as the matrices that VeRA's layers share, in 16 bits."""
    tensors = [*layer.parameters(recurse), *layer.buffers(recurse)]
    return [one for one in tensors if one.is_floating_point() and one.dtype != torch.float32]
