"""The base as it is delivered."""

from typing import Literal

from peftline.config import Config


class NoQuantization(Config):
    """The base in 16 bits (32 where the processor has no bf16)."""

    type: Literal["none"] = "none"
