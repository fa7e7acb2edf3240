"""A plain transformers folder: a merged model, or one whose own weights were trained."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftline import store
from peftline.delivery.adapter import IDENTITY
from peftline.errors import PeftlineError
from peftline.handles import MergedFolder, ModelFolder

if TYPE_CHECKING:
    from peftline.delivery.merge import MergedModel
    from peftline.trained import TrainedModel


def save(data: "MergedModel | TrainedModel", folder: Path) -> None:
    """Write model, tokenizer and, of what was trained as a whole, its identity; all or nothing."""
    identity: dict[str, Any] | None = getattr(data, "identity", None)
    with store.replacing(folder) as partial:
        if identity:
            data.model.config._name_or_path = identity["base_id"]
        data.model.save_pretrained(partial)
        data.tokenizer.save_pretrained(partial)
        if identity:
            kept = {k: v for k, v in identity.items() if k not in ("base_id", "base_revision")}
            kept["sha256"] = _sha256(partial)
            (partial / IDENTITY).write_text(json.dumps(kept, indent=2), encoding="utf-8")
    if identity:
        shutil.rmtree(data.checkpoints, ignore_errors=True)


def describe(folder: Path) -> MergedFolder | ModelFolder:
    """Read what is known about a saved model.

    Raises:
        PeftlineError: the weights of a trained model are not those that were saved.
    """
    if not (folder / IDENTITY).exists():
        return MergedFolder(path=folder, sha256=_sha256(folder))
    identity = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    if _sha256(folder) != identity["sha256"]:
        raise PeftlineError(f"{folder}: the weights have changed since training. Train again.")
    return ModelFolder(path=folder, **identity)


def _sha256(folder: Path) -> str:
    return store.sha256_of_files(*sorted(folder.glob("*.safetensors")))
