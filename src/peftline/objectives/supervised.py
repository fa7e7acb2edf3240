"""Supervised fine-tuning, as a recipe names it; its trainer is `sft.py`."""

from typing import Literal

from peftline.config import Config


class Supervised(Config):
    """Supervised fine-tuning: next-token loss on the answers, end token included."""

    type: Literal["sft"] = "sft"
