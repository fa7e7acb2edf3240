"""The optimizer axis: how gradients become steps.

A new optimizer is one module beside `adamw.py` and one entry in `types.py`.
"""

from typing import TYPE_CHECKING, Any

from peftline.optimizers.types import ONLY_FOR_LORA as ONLY_FOR_LORA
from peftline.optimizers.types import TYPES
from peftline.optimizers.types import AdamW as AdamW
from peftline.optimizers.types import AdamW8Bit as AdamW8Bit
from peftline.optimizers.types import GaLore as GaLore
from peftline.optimizers.types import LoraFa as LoraFa
from peftline.optimizers.types import LoraPlus as LoraPlus
from peftline.optimizers.types import Optimizer as Optimizer

if TYPE_CHECKING:
    import torch
    from peft import PeftModel


def arguments(config: Any) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to the optimizer; none where
    `build` has made it."""
    return TYPES[type(config)].arguments(config)


def build(config: Any, model: "PeftModel", learning_rate: float) -> "torch.optim.Optimizer | None":
    """An optimizer that the trainer cannot make by itself; None if it can.

    `lora_fa` freezes A.
    """
    return TYPES[type(config)].build(config, model, learning_rate)
