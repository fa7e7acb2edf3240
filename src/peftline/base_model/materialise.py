"""Bring a base model, whatever its source, into one plain folder, once."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftline import store
from peftline.base_model import embedded, tiny
from peftline.errors import PeftlineError, first_line
from peftline.handles import BaseModelFolder
from peftline.rendering import templates
from peftline.rendering.tokens import end_of_turn_id
from peftline.schema import BaseModelSource

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


logger = logging.getLogger(__name__)
# What is read of a model is in memory twice while it is changed, one file at a time.
_SHARD_SIZE = "1GB"


def materialise(config: BaseModelSource, root: Path) -> BaseModelFolder:
    """Save the model as bf16 safetensors with tokenizer and generation config.

    Nothing but safetensors is read, and no code that comes with a model is run.

    Raises:
        PeftlineError: there is no such model, or it cannot be read safely.
    """
    import peftline.base_model
    import peftline.rendering.templates
    import peftline.rendering.tokens

    local = _is_folder(config.source)
    key = {
        "source": store.sha256_of_files(*_files(config.source)) if local else config.source,
        "revision": config.revision,
        "code": store.code_hash(
            peftline.base_model, peftline.rendering.templates, peftline.rendering.tokens
        ),
    }
    path, manifest = store.build(root / "06_models" / "base", key, lambda to: _save(config, to))
    return BaseModelFolder(path=path, **manifest)


def _save(config: BaseModelSource, folder: Path) -> dict[str, Any]:
    from transformers import GenerationConfig

    model, tokenizer = _load(config)
    template = _settle_template(tokenizer)
    end = end_of_turn_id(tokenizer)
    if end is None:
        raise PeftlineError(
            f"base_model.source={config.source}: neither the tokenizer (eos_token) nor its chat "
            "template names a token that ends an answer. Add it to tokenizer_config.json."
        )
    ends = {tokenizer.eos_token_id, end, *_as_list(model.generation_config.eos_token_id)}
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    # Nothing of the publisher's sampling stays: answers are greedy here and where they are served.
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=sorted(i for i in ends if i is not None),
        pad_token_id=tokenizer.pad_token_id,
    )
    model.config._name_or_path = _portable_id(config)
    model.save_pretrained(folder, max_shard_size=_SHARD_SIZE)
    tokenizer.save_pretrained(folder)
    return {
        "id": _portable_id(config),
        "revision": config.revision,
        "sha256": store.sha256_of_files(*_files(folder)),
        "parameters": model.num_parameters(),
        "chat_template": template,
    }


def _settle_template(tokenizer: "PreTrainedTokenizerBase") -> str:
    """Leave one chat template: the model's own, or a format that is then saved with it."""
    own = tokenizer.chat_template
    if isinstance(own, dict):  # several, by name
        own = own.get("default") or next(iter(own.values()), None)
    name = "own"
    if not own:
        name, own = templates.fallback(tokenizer.get_added_vocab())
        logger.warning("The base model has no chat template; it is given the format '%s'.", name)
    tokenizer.chat_template = own
    return name


def _load(config: BaseModelSource) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    if config.source == "smollm2":
        return embedded.load()
    if config.source == "tiny":
        return tiny.load()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"revision": config.revision or "main", "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(config.source, **where)
        model = AutoModelForCausalLM.from_pretrained(
            config.source, dtype=torch.bfloat16, use_safetensors=True, **where
        )
    except (OSError, ValueError) as error:
        kind = "folder" if _is_folder(config.source) else "hub model"
        raise PeftlineError(
            f"base_model.source={config.source}: this {kind} cannot be loaded "
            f"({first_line(error)}). Use a folder with config.json, *.safetensors and a "
            "tokenizer, a hub id that exists (with network and, if it is gated, a token in "
            "HF_TOKEN), 'smollm2' or 'tiny'."
        ) from error
    return model, tokenizer


def _is_folder(source: str) -> bool:
    return Path(source).is_dir()


def _files(folder: str | Path) -> list[Path]:
    return sorted(path for path in Path(folder).iterdir() if path.is_file())


def _portable_id(config: BaseModelSource) -> str:
    known = {"smollm2": embedded.ID, "tiny": tiny.ID}
    if config.source in known:
        return known[config.source]
    return Path(config.source).resolve().name if _is_folder(config.source) else config.source


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
