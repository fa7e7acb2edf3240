"""A plain transformers folder: a merged model, or one whose own weights were trained."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from peftline import store
from peftline.delivery import adapter as adapters
from peftline.delivery.adapter import IDENTITY, read_identity, write_identity
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, MergedFolder, ModelFolder
from peftline.trained import TrainedModel

if TYPE_CHECKING:
    from peftline.delivery.merge import MergedModel


def save(data: "MergedModel | TrainedModel", folder: Path) -> None:
    """Write model, tokenizer and, of what was trained as a whole, its identity; all or nothing."""
    with store.replacing(folder) as partial:
        if isinstance(data, TrainedModel):
            data.model.config._name_or_path = data.base.id
        data.model.save_pretrained(partial)
        data.tokenizer.save_pretrained(partial)
        if isinstance(data, TrainedModel):
            write_identity(partial, data.identity, {"sha256": _sha256(partial)})
    if isinstance(data, TrainedModel):
        shutil.rmtree(data.checkpoints, ignore_errors=True)


def describe(folder: Path) -> MergedFolder | ModelFolder:
    """Read what is known about a saved model.

    Raises:
        PeftlineError: the weights of a trained model are not those that were saved, or another
            version has saved it.
    """
    if not (folder / IDENTITY).exists():
        return MergedFolder(path=folder, sha256=_sha256(folder))
    return read_identity(folder, ModelFolder, _sha256(folder))


def check_unchanged(trained: AdapterFolder | ModelFolder) -> None:
    """Make sure that a folder still has what was described, after it was read.

    Raises:
        PeftlineError: a run has put another result in its place since.
    """
    describe_now = describe if isinstance(trained, ModelFolder) else adapters.describe
    if describe_now(trained.path).sha256 != trained.sha256:
        raise PeftlineError(
            f"{trained.path}: a run has put a new result here meanwhile, so it is not certain "
            "which one was read. Give the same command again."
        )


def _sha256(folder: Path) -> str:
    return store.sha256_of_files(*sorted(folder.glob("*.safetensors")))
