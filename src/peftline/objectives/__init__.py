"""The objective axis: the data it needs, the trainer, the loss."""

from typing import Literal

from peftline.config import Config


class Objective(Config):
    """Supervised fine-tuning: next-token loss on the answers, end token included."""

    type: Literal["sft"] = "sft"
