"""Answer one's own prompts with the base model and with an adapter."""

import json
from pathlib import Path
from typing import Any

from peftline.base_model import hardware
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.delivery import adapter as adapters
from peftline.delivery.answering import open_trained
from peftline.delivery.model import check_unchanged
from peftline.errors import PeftlineError
from peftline.evaluation import prompting
from peftline.formats.example import Message
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder
from peftline.rendering import template as templates
from peftline.schema import Predict, Rendering

_BATCH_TOKENS = 16384


def predict(
    base: BaseModelFolder, adapter: AdapterFolder | ModelFolder, settings: Predict
) -> list[dict[str, Any]]:
    """Answer each prompt twice, with the prompt format that the adapter was trained on.

    Returns:
        A row per prompt: `prompt`, `base`, `adapter`.

    Raises:
        PeftlineError: the file has no usable prompt, the adapter belongs to another base, or a run
            has replaced it meanwhile.
    """
    adapters.check_matches(adapter, base)
    if settings.input is None:
        raise PeftlineError(
            "predict.input is not set. Name a file with prompts: --params=predict.input=FILE,"
            f"predict.recipe={settings.recipe}"
        )
    prompts = read_prompts(settings.input)
    rendering = Rendering(**adapter.rendering)
    template = templates.load(load_tokenizer(base), rendering)
    dtype = hardware.scoring_dtype(settings.dtype)

    def answer(model: Any, title: str) -> list[str]:
        """Answer all prompts with one of the two models."""
        said = prompting.answer(
            model,
            template,
            [([prompt], []) for prompt in prompts],
            settings.max_new_tokens,
            _BATCH_TOKENS,
            [],
            title,
        )
        return [one.text for one in said]

    of_base = answer(load_model(base, dtype), "Base")
    opened = open_trained(adapter, base, dtype)
    check_unchanged(adapter)
    of_adapter = answer(opened, "Adapter")
    return [
        {"prompt": prompt.text, "base": ours, "adapter": theirs}
        for prompt, ours, theirs in zip(prompts, of_base, of_adapter, strict=True)
    ]


def read_prompts(file: Path) -> list[Message]:
    """Read JSON lines (`prompt`, or `instruction` and `input`), or text with a prompt a line.

    Raises:
        PeftlineError: there is no such file, no prompt in it, or lines cannot be read.
    """
    if not file.is_file():
        raise PeftlineError(
            f"predict.input={file}: there is no such file (looked in {Path.cwd()}). Give a text "
            "file with a prompt a line, or JSON lines with a field 'prompt'."
        )
    lines = [
        (number, line)
        for number, line in enumerate(file.read_text(encoding="utf-8-sig").split("\n"), start=1)
        if line.strip()
    ]
    if not lines:
        raise PeftlineError(f"{file.name}: the file has no prompt. Write one a line.")
    if file.suffix not in (".jsonl", ".json"):
        return [Message(role="user", content=line.strip()) for _, line in lines]
    prompts, found = [], []
    for number, line in lines:
        try:
            prompts.append(_message(json.loads(line)))
        except (json.JSONDecodeError, TypeError, KeyError, ValueError) as error:
            found.append(f"{file.name}, line {number}: {error}")
    if found:
        raise PeftlineError(
            "\n".join(found) + "\nEach line is an object with 'prompt', or with 'instruction' and "
            "'input'."
        )
    return prompts


def _message(row: Any) -> Message:
    if not isinstance(row, dict):
        raise TypeError(f"found {type(row).__name__}, not an object")
    if "prompt" in row:
        return Message(role="user", content=row["prompt"])
    if "instruction" in row:
        return Message(role="user", content=row["instruction"], input=row.get("input") or "")
    raise KeyError(f"neither 'prompt' nor 'instruction' among {', '.join(row)}")
