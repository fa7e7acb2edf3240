"""What a run is: the hash of its inputs, the versions it ran with, and what it may overwrite."""

import importlib.metadata
import subprocess
from pathlib import Path
from typing import Any

from peftline import store
from peftline.errors import PeftlineError
from peftline.handles import BaseModelFolder, Splits, Tokenised
from peftline.schema import Recipe

_STACK = (
    "torch transformers peft trl accelerate bitsandbytes datasets tokenizers kedro mlflow".split()
)


def versions() -> dict[str, str]:
    """Installed versions of everything that a result may depend on."""
    return {name: importlib.metadata.version(name) for name in ("peftline", *_STACK)}


def input_hash(recipe: Recipe, base: BaseModelFolder, tokenised: Tokenised, seed: int) -> str:
    """One name for all that a trained adapter depends on."""
    import peftline.adapters
    import peftline.fine_tune
    import peftline.objectives
    import peftline.optimizers
    import peftline.quantization
    import peftline.training

    return store.sha256_of(
        {
            "recipe": recipe.model_dump(),
            "base": base.sha256,
            "tokenised": tokenised.sha256,
            "seed": seed,
            "versions": {name: versions()[name] for name in _STACK},
            "code": store.code_hash(
                peftline.adapters,
                peftline.fine_tune,
                peftline.objectives,
                peftline.optimizers,
                peftline.quantization,
                peftline.training,
            ),
        }
    )


def git_sha(folder: Path) -> str | None:
    """The commit checked out in a folder; None outside a repository or without git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def refuse_overwrite(
    summary: dict[str, Any], splits: Splits, base: BaseModelFolder, where: str
) -> None:
    """Keep a result from being replaced by one of other data or another base.

    Raises:
        PeftlineError: the present summary is about something else.
    """
    pairs = [
        ("data", summary["data"]["sha256"], splits.sha256),
        ("base model", summary["base_model"]["sha256"], base.sha256),
    ]
    other = [name for name, ours, given in pairs if ours != given]
    if other:
        raise PeftlineError(
            f"{where} holds a result for another {' and '.join(other)}. Give this run a place of "
            "its own with --params=experiment=NAME, or delete that folder."
        )
