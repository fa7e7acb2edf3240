"""Peftline: every parameter-efficient fine-tuning method as one recipe."""

from pathlib import Path
from typing import Any

__version__ = "0.1.0"


def load_adapter(model: Any, folder: "str | Path") -> Any:
    """Open an adapter of this project on its base, also one that PEFT does not know.

    Args:
        model: the base, loaded with transformers.
        folder: `06_models/<recipe>/seed-<seed>/adapter`.

    Raises:
        PeftlineError: there is no adapter, its weights have changed, or it does not fit the base.
    """
    from peftline.delivery import adapter

    return adapter.load(model, adapter.describe(Path(folder)))
