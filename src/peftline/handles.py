"""What pipeline steps hand to each other: small descriptions of data and models on disk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from peftline.config import Config


class Handle(Config):
    """A folder on disk and what is known about it."""

    path: Path
    """Folder. Stored relative to the manifest that names it, so that a project can be moved."""
    sha256: str
    """Hash of the contents."""


class RawRows(Handle):
    """Rows as received, one JSON object a line in `rows.jsonl`."""

    source: str
    rows: int
    rows_per_source: list[int]
    files_not_read: list[str] = []
    """Files in a folder or glob whose rows were not read, for they are of another kind."""
    commits: dict[str, str] = {}
    """Data sets of the hub (`owner/name@revision`), and the commit that was read; the revision as
    given, such as a branch, if the hub has never told the commit."""


class Examples(Handle):
    """Canonical examples in `examples.jsonl`; rows that were left out in `dropped.jsonl`."""

    format: str
    rows_read: int
    rows_kept: int
    rows_dropped: int
    reasons: dict[str, int]
    """How many rows were dropped for which reason."""
    near_duplicates: int
    """Examples that resemble an earlier one."""
    unread_fields: dict[str, int] = {}
    """Fields that the format does not read, and how many rows without a problem have a value there;
    duplicates that are dropped later count too."""


class Splits(Handle):
    """`train.jsonl`, `validation.jsonl`, `test.jsonl`: no group is in two of them."""

    format: str
    """What the rows were read as."""
    train: int
    validation: int
    test: int


class BaseModelFolder(Handle):
    """A plain transformers folder: safetensors, tokenizer, chat template, generation config."""

    id: str
    """Portable name (a hub id where there is one); it goes into `adapter_config.json`."""
    revision: str | None
    parameters: int
    chat_template: str
    """`own`, or the name of the format that it was given because it has none."""


class Tokenised(Handle):
    """Token ids and labels of `train` and `validation`, memory-mapped Arrow."""

    train: int
    validation: int
    not_whole: dict[str, int]
    """Examples that were `dropped`, `cut` or are `unsupervised`; listed in `not_whole.jsonl`."""
    neutralised: int
    """Special tokens that stood in texts of the data."""
    total_tokens: int
    supervised_tokens: int
    chat_template: str
    """The template that the examples were rendered with (Jinja)."""
    lengths: dict[str, Any]
    """Tokens of examples before any cut: `median`, `p95`, `longest`, `suggested_limit`, …"""
    rendering: dict[str, Any]
    data_sha256: str
    base_sha256: str


class Identity(Config):
    """What something was trained by, and on."""

    recipe: str
    seed: int
    input_hash: str
    base_sha256: str
    data_sha256: str
    rendering: dict[str, Any]
    trainable_parameters: int
    parts: list[dict[str, Any]] = []
    """The trained adapters that it is made of: recipe, seed, hashes of weights and data."""


class Trained(Handle, Identity):
    """What training has made."""


class AdapterFolder(Trained):
    """A standard PEFT folder."""

    adapter_bytes: int
    merges: bool
    """Whether it can disappear in the weights of the base."""


class ModelFolder(Trained):
    """A plain transformers folder whose own weights were trained."""

    adapter_bytes: None = None


class MergedFolder(Handle):
    """A plain transformers folder that needs no adapter."""


class BaseScores(Handle):
    """What the untouched base has answered, in `predictions.jsonl`, and the scores of its answers,
    in `manifest.json`."""

    base_sha256: str
    data_sha256: str
    rendering: dict[str, Any]
    evaluation: dict[str, Any]
    """The settings that its answers depend on."""


class RunInputs(Config):
    """What a run was made of; stored beside its summary."""

    examples: Examples
    splits: Splits
    base_model: BaseModelFolder
    tokenised: Tokenised
    base_scores: BaseScores


C = TypeVar("C", bound=Config)


def dump(value: Config, folder: Path) -> str:
    """A handle, or several in one, as JSON for a file in a folder; paths are relative to it."""
    parent = folder.resolve()
    moved = _with_paths(value, lambda path: Path(os.path.relpath(path.resolve(), parent)))
    return moved.model_dump_json(indent=2) + "\n"


def parse(kind: type[C], text: str, folder: Path) -> C:
    """What `dump` has written for a file in a folder; paths are absolute."""
    parent = folder.resolve()
    value = kind.model_validate_json(text)
    return _with_paths(value, lambda path: Path(os.path.normpath(parent / path)))


def _with_paths(value: C, change: Callable[[Path], Path]) -> C:
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    changed = {
        name: _with_paths(field, change)
        for name, field in fields.items()
        if isinstance(field, Handle)
    }
    if isinstance(value, Handle):
        changed["path"] = change(value.path)
    return value.model_copy(update=changed)
