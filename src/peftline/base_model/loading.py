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
    memory.reuse_freed()
    dtype = dtype or hardware.compute_dtype()
    config = quantization.loading_config(quantized or NoQuantization(), dtype)
    extra = {"quantization_config": config} if config else {}
    model = AutoModelForCausalLM.from_pretrained(
        folder.path, dtype=dtype, local_files_only=True, use_safetensors=True, **extra
    )
    return model.eval() if config else model.to(device or hardware.device()).eval()


def load_tokenizer(folder: BaseModelFolder) -> "PreTrainedTokenizerBase":
    """Load the tokenizer with its chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
