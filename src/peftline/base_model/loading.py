"""Open a base model folder: in 16 or 32 bits, or quantised."""

from typing import TYPE_CHECKING

import torch

from peftline import memory, quantization
from peftline.base_model import hardware
from peftline.handles import BaseModelFolder
from peftline.quantization import NoQuantization, Quantization

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_model(
    folder: BaseModelFolder,
    dtype: torch.dtype | None = None,
    quantized: Quantization | None = None,
    device: torch.device | None = None,
) -> "PreTrainedModel":
    """Load the weights in evaluation mode.

    Args:
        folder: a materialised base model.
        dtype: of the weights; by default the one that the hardware multiplies natively.
        quantized: how linear layers are held; by default unquantised.
        device: for weights that are not quantised; by default that of this machine.
    """
    from transformers import AutoModelForCausalLM

    hardware.fit_threads()
    hardware.fit_products()
    memory.return_freed()
    dtype = dtype or hardware.compute_dtype()
    config = quantization.loading_config(quantized or NoQuantization(), dtype)
    extra = {"quantization_config": config} if config else {}
    model = AutoModelForCausalLM.from_pretrained(
        folder.path, dtype=dtype, local_files_only=True, use_safetensors=True, **extra
    )
    memory.reuse_freed()
    if not config:
        return model.to(device or hardware.device()).eval()
    memory.let_files_go(p for p in model.parameters() if p.is_floating_point())
    return model.eval()


def load_base(
    folder: BaseModelFolder, dtype: torch.dtype | None = None, held: Quantization | None = None
) -> "PreTrainedModel":
    """The base alone, frozen, as it is below an adapter that trains or is scored on it.

    Args:
        dtype: as in `load_model`.
        held: how it is quantised; by default not at all.
    """
    held = held or NoQuantization()
    return quantization.prepare(held, load_model(folder, dtype, held))


def load_tokenizer(folder: BaseModelFolder) -> "PreTrainedTokenizerBase":
    """Load the tokenizer with its chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
