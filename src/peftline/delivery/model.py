"""A plain transformers folder: a merged model, or one whose own weights were trained."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from peftline import store
from peftline.delivery.adapter import IDENTITY, read_identity, write_identity
from peftline.handles import MergedFolder, ModelFolder
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


def _sha256(folder: Path) -> str:
    return store.sha256_of_files(*sorted(folder.glob("*.safetensors")))
