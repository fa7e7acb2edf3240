"""An adapter as a standard PEFT folder, with the identities of what it was trained on."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from peftline import capabilities, store
from peftline.adapters import own_format
from peftline.adapters.folder import CONFIG, WEIGHTS
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Identity, Splits, Trained

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from peftline.trained import TrainedModel

IDENTITY = "peftline.json"
T = TypeVar("T", bound=Trained)


def save(trained: "TrainedModel", folder: Path) -> None:
    """Write the adapter, its tokenizer and its identity; all of it or nothing.

    `adapter_config.json` names the base by its portable id and revision, never by a local path.
    """
    with store.replacing(folder) as partial:
        if own_format.has(trained.adapter):
            own_format.save(trained.adapter, trained.model, partial)
        else:
            initial = str(trained.initial) if trained.initial else None
            trained.model.save_pretrained(partial, path_initial_model_for_weight_conversion=initial)
        trained.tokenizer.save_pretrained(partial)
        _name_base(partial / CONFIG, trained.base)
        (partial / "README.md").unlink(missing_ok=True)  # PEFT's form has nothing filled in
        left = capabilities.delivers(trained.adapter.model_dump())
        found = {
            "merges": left == "adapter and merged",
            "adapter_bytes": (partial / WEIGHTS).stat().st_size,
            "sha256": store.sha256_of_files(partial / WEIGHTS),
        }
        write_identity(partial, trained.identity, found)
    shutil.rmtree(trained.checkpoints, ignore_errors=True)


def write_identity(folder: Path, identity: Identity, found: dict[str, Any]) -> None:
    """Write what is known about something trained, and what was found when it was saved."""
    text = json.dumps(identity.model_dump() | found, indent=2)
    (folder / IDENTITY).write_text(text, encoding="utf-8")


def read_identity(folder: Path, kind: type[T], sha256: str) -> T:
    """What is known about something trained, as a handle.

    Args:
        sha256: of the weights that are there now.

    Raises:
        PeftlineError: the weights are not those that were saved, or another version has saved it.
    """
    found = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    if sha256 != found["sha256"]:
        raise PeftlineError(f"{folder}: the weights have changed since training. Train again.")
    try:
        return kind(path=folder, **found)
    except ValidationError as error:
        raise PeftlineError(
            f"{folder / IDENTITY}: another version of Peftline has made this "
            f"({error.error_count()} fields differ). Train again."
        ) from error


def _name_base(file: Path, base: BaseModelFolder) -> None:
    config = json.loads(file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.id
    config["revision"] = base.revision
    for value in config.values():
        # PEFT keeps sets of names, and equal runs should give equal files. Numbers, such as the
        # tokens that rows of weights belong to, have an order that means something; so have ours.
        names = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if names and not own_format.has_kind(config["peft_type"]):
            value.sort()
    file.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


def describe(folder: Path) -> AdapterFolder:
    """Read what is known about a saved adapter.

    Raises:
        PeftlineError: there is no adapter, or its weights are not those that were saved.
    """
    if not (folder / IDENTITY).exists():
        recipe = folder.parent.parent.name
        raise PeftlineError(
            f"{folder}: there is no adapter. Train it first: kedro run --pipelines={recipe} (with "
            "the same seed and experiment)."
        )
    return read_identity(folder, AdapterFolder, store.sha256_of_files(folder / WEIGHTS))


def load(model: "PreTrainedModel", adapter: AdapterFolder) -> "PeftModel | PreTrainedModel":
    """Put a saved adapter on a loaded base, for inference.

    Returns:
        A model of PEFT; for adapters that PEFT does not know, the base with them inside.

    Raises:
        PeftlineError: tensors are missing or left over, so that the adapter would act in part only,
            or they do not fit the base.
    """
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    if own_format.has_kind(kind(adapter.path)):
        return own_format.load(model, adapter.path).eval()
    with safe_open(adapter.path / WEIGHTS, framework="pt") as file:
        saved = set(file.keys())
    try:
        wrapped = PeftModel.from_pretrained(model, adapter.path, local_files_only=True)
    except (KeyError, RuntimeError) as error:
        raise PeftlineError(
            f"{adapter.path / WEIGHTS}: the tensors do not fit this base ({error}). Train again, "
            "or use the base that the adapter was trained on."
        ) from error
    # "auto" would ask the hub whether the vocabulary has grown.
    loaded = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    wanted = set(loaded)
    if saved != wanted:
        differing = sorted(saved ^ wanted)
        raise PeftlineError(
            f"{adapter.path / WEIGHTS}: {len(wanted - saved)} tensors are missing and "
            f"{len(saved - wanted)} do not belong to this base ({', '.join(differing[:3])}, …). "
            "Train again, or use the base that the adapter was trained on."
        )
    with torch.no_grad(), safe_open(adapter.path / WEIGHTS, framework="pt") as file:
        for key, tensor in loaded.items():  # PEFT 0.21 rounds AdaLoRA's to the type of the base
            tensor.copy_(file.get_tensor(key))
    return wrapped.eval()


def kind(folder: Path) -> str:
    """The `peft_type` of a saved adapter."""
    return json.loads((folder / CONFIG).read_text(encoding="utf-8"))["peft_type"]


def check_matches(
    adapter: Trained,
    base: BaseModelFolder,
    splits: Splits | None = None,
    rendering: dict[str, Any] | None = None,
) -> None:
    """Make sure that an adapter is used with what it was trained on.

    Raises:
        PeftlineError: base, data or rendering are others; all differences are named.
    """
    pairs = [("base model", adapter.base_sha256, base.sha256)]
    if splits is not None:
        pairs.append(("data", adapter.data_sha256, splits.sha256))
    if rendering is not None:
        pairs.append(("rendering", adapter.rendering, rendering))
    other = [name for name, ours, given in pairs if ours != given]
    if other:
        raise PeftlineError(
            f"{adapter.path}: this adapter was trained on another {' and '.join(other)}. "
            "Run the recipe again with the present settings, or restore those of its training."
        )
