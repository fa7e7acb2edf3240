"""What a run is: the hash of its inputs, the versions it ran with, and what it may overwrite."""

import importlib.metadata
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peftline import capabilities, store
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Splits, Tokenised
from peftline.recipe import Recipe

# What acts in the training of every recipe; what acts in some, a recipe's types name.
_TRAINING = "torch transformers peft trl accelerate datasets tokenizers".split()
_STACK = [*_TRAINING, *"bitsandbytes galore-torch kedro mlflow".split()]

_DESCRIBE = "describe --always --dirty --abbrev=40 --exclude=*".split()


def versions() -> dict[str, str]:
    """Installed versions of everything that a result may depend on."""
    return {name: importlib.metadata.version(name) for name in ("peftline", *_STACK)}


def input_hash(
    recipe: Recipe,
    base: BaseModelFolder,
    tokenised: Tokenised,
    seed: int,
    parts: Sequence[AdapterFolder] = (),
) -> str:
    """One name for all that a trained adapter depends on.

    Args:
        parts: trained adapters that it is made of.
    """
    from peftline import sources
    from peftline.base_model import hardware

    installed = versions()
    return store.sha256_of(
        {
            # Of the adapters that it is made of it matters what they are, not where they lie.
            "recipe": recipe.model_dump(exclude={"adapter": {"adapters"}}),
            "base": base.sha256,
            "tokenised": tokenised.sha256,
            "seed": seed,
            "parts": [part.sha256 for part in parts],
            "dtype": str(hardware.compute_dtype()),
            "delivers": capabilities.delivers(recipe.adapter.model_dump()),
            "packs": not capabilities.packing_obstacle(recipe),
            "versions": {name: installed[name] for name in _libraries(recipe)},
            "code": sources.sha256(recipe),
        }
    )


def _libraries(recipe: Recipe) -> list[str]:
    """What acts when this recipe is trained: neither Kedro nor MLflow."""
    chosen = [getattr(recipe, name) for name in Recipe.model_fields]
    return sorted({*_TRAINING, *(name for one in chosen for name in one.libraries)})


def git_sha(folder: Path) -> str | None:
    """The commit checked out in a folder, with `-dirty` where files of it have been changed since.

    None outside a repository or without git.
    """
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *_DESCRIBE],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def refuse_overwrite(summary: dict[str, Any], now: Splits | BaseModelFolder, where: Path) -> None:
    """Keep a result from being replaced by one of other data or another base.

    Args:
        summary: of the result that stands there.
        now: data or base of the present run.
        where: the file of that summary.

    Raises:
        PeftlineError: the summary is about something else.
    """
    key = "data" if isinstance(now, Splits) else "base_model"
    name = {"data": "other data", "base_model": "another base model"}[key]
    if summary[key]["sha256"] != now.sha256:
        raise PeftlineError(
            f"{where} holds a result for {name}. Give this run a place of its own with "
            f"--params=experiment=NAME, or delete {where.parent}."
        )
