"""On which weights, and where, what a run has trained is scored and merged."""

from typing import TYPE_CHECKING, Literal

from peftline.config import Config
from peftline.handles import BaseModelFolder
from peftline.quantization import NoQuantization, Quantization

if TYPE_CHECKING:
    import torch

_SIXTEEN_BITS_IN_BYTES = 2


class Placement(Config):
    """Decided once in a run, before a model is opened."""

    scored_on: Literal["unquantized", "quantized"] = "unquantized"
    """`quantized` where the base in 16 bits does not fit the device at all."""
    quantization: Quantization = NoQuantization()
    """How the base is held where the adapter is scored."""
    unquantized_bytes: int = 0
    """What the base's weights need in 16 bits."""
    available_bytes: int = 0
    """What the device has for them."""

    @property
    def merge_device(self) -> "torch.device | None":
        """Where the adapter is merged: the host, where the device is too small; None for it."""
        import torch

        return torch.device("cpu") if self.scored_on == "quantized" else None


def place(
    base: BaseModelFolder, quantization: Quantization, available_bytes: int | None = None
) -> Placement:
    """Score on the quantised base if that in 16 bits does not fit.

    Without quantisation the adapter has been trained beside the base in 16 bits, so it fits.

    Args:
        quantization: of the recipe.
        available_bytes: of the device's memory; by default what is free now.
    """
    from peftline.base_model import hardware

    available = hardware.free_memory_bytes() if available_bytes is None else available_bytes
    needed = _SIXTEEN_BITS_IN_BYTES * base.parameters
    if isinstance(quantization, NoQuantization) or needed <= available:
        return Placement(unquantized_bytes=needed, available_bytes=available)
    return Placement(
        scored_on="quantized",
        quantization=quantization,
        unquantized_bytes=needed,
        available_bytes=available,
    )
