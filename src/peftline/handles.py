"""What pipeline steps hand to each other: small descriptions of data and models on disk."""

from pathlib import Path
from typing import Any

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
    """Of `train`."""
    supervised_tokens: int
    """Those of `train` that carry loss."""
    validation_supervised_tokens: int
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
