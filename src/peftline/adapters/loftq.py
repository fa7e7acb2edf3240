"""LoftQ: a LoRA that begins with what rounding has taken from the base."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def fill(model: "PeftModel", unrounded: "PreTrainedModel") -> None:
    """Set A and B to the best approximation of W - rounded(W) that their rank allows.

    The first step of Li et al. 2023 (arXiv:2310.08659, algorithm 1 with T = 1), which leaves the
    rounded base as it is. `peft.replace_lora_weights_loftq` does the same on a GPU alone.

    Args:
        model: LoRA on a base in 4 bits.
        unrounded: the same base in 16 or 32 bits, on any device.
    """
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from peft.tuners.lora import LoraLayer

    below = model.get_base_model()
    for name, layer in below.named_modules():
        if not isinstance(layer, LoraLayer):
            continue
        rounded = layer.get_base_layer().weight
        whole = unrounded.get_submodule(name).weight.detach().to(rounded.device, torch.float32)
        lost = whole - dequantize_4bit(rounded.data, rounded.quant_state).float()
        left, sizes, right = torch.linalg.svd(lost, full_matrices=False)
        rank = min(layer.r["default"], len(sizes))  # of both factors, what is above it stays zero
        root = (sizes[:rank] / layer.scaling["default"]).sqrt()
        down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        with torch.no_grad():
            down.zero_()[:rank] = root[:, None] * right[:rank]
            up.zero_()[:, :rank] = left[:, :rank] * root
