"""How much memory the states of an optimizer take."""

from typing import TYPE_CHECKING, Any

from peftline.optimizers import AdamW8Bit, GaLore

if TYPE_CHECKING:
    import torch

_FLOAT = 4
_MOMENTS = 2  # Adam's: means of the gradients and of their squares
# bitsandbytes 0.50, `Optimizer2State.init_state`: smaller tensors keep 32 bits; each block of the
# others has a scale.
_SMALLEST_IN_8_BITS, _BLOCK = 4096, 256


def state_bytes(config: Any, model: "torch.nn.Module") -> int:
    """Of all that trains, once the first step is made.

    Args:
        config: of the optimizer. One that `optimizers.build` makes has been made for the model, for
            it decides what trains.
    """
    special = _in_layers(config, model)
    return sum(
        special.get(parameter, _MOMENTS * _FLOAT * parameter.numel())
        for parameter in model.parameters()
        if parameter.requires_grad
    )


def _in_layers(config: Any, model: "torch.nn.Module") -> "dict[torch.Tensor, int]":
    """Bytes for parameters that have other states than Adam's two of float32."""
    import torch

    if isinstance(config, AdamW8Bit):
        # transformers keeps embeddings in 32 bits.
        layers = (m for m in model.modules() if isinstance(m, torch.nn.Embedding))
        embeddings = {layer.weight for layer in layers}
        return {
            p: _in_8_bits(p.numel())
            for p in model.parameters()
            if p not in embeddings and p.numel() >= _SMALLEST_IN_8_BITS
        }
    if isinstance(config, GaLore):
        head = model.get_output_embeddings()
        layers = (m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head)
        return {layer.weight: _projected(config.rank, *layer.weight.shape) for layer in layers}
    return {}


def _in_8_bits(numbers: int) -> int:
    blocks = -(-numbers // _BLOCK)
    return _MOMENTS * (numbers + _FLOAT * blocks)


def _projected(rank: int, rows: int, columns: int) -> int:
    """GaLore's: the moments of a gradient whose smaller side has become `rank`, and the projection
    (`GaLoreProjector.project`)."""
    smaller, larger = sorted((rows, columns))
    kept = min(rank, smaller)
    return _FLOAT * (_MOMENTS * kept * larger + kept * smaller)
