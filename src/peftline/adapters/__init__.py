"""The adapter axis: from a name to a typed config and a build function.

A new adapter is one module beside `lora.py` and one entry in `_BUILDERS`.
"""

from typing import TYPE_CHECKING

from peftline.adapters import lora
from peftline.adapters.lora import Lora

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

Adapter = Lora  # becomes a union, discriminated by `type`, with the second adapter

_BUILDERS = {Lora: lora.build}


def build(config: Adapter, model: "PreTrainedModel") -> "PeftModel":
    """Wrap `model` with the adapter that `config` describes.

    Raises:
        PeftlineError: the adapter does not fit the model.
    """
    return _BUILDERS[type(config)](config, model)
