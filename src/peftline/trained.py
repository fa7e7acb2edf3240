"""What training leaves in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from peftline.handles import BaseModelFolder, Identity


@dataclass(frozen=True)
class TrainedModel:
    """A trained model in memory and what there is to know about how it was trained."""

    model: "PeftModel | PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    identity: "Identity"
    """Stored beside it."""
    base: "BaseModelFolder"
    """What it was trained on."""
    checkpoints: Path
    """Of no use, and removed, once the adapter is saved."""
    initial: Path | None
    """The adapter as it began, where what is saved is the difference."""
    adapter: Any
    """The recipe's configuration of it."""
