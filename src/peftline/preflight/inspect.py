"""One report on what will be trained on, and by which means."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peftline import jsonl
from peftline.base_model import context, hardware
from peftline.base_model.loading import load_tokenizer
from peftline.corpus.split import iterate
from peftline.data_schema import Data
from peftline.handles import AdapterFolder, BaseModelFolder, Examples, Splits, Tokenised
from peftline.preflight import (
    benchmark,
    contents,
    findings,
    labels,
    leakage,
    private,
    scoring,
    stages,
)
from peftline.preflight.probe import probe
from peftline.recipe import Recipe
from peftline.rendering import template as templates
from peftline.rendering.template import Template
from peftline.rendering.tokenise import LISTED
from peftline.schema import Evaluation, Rendering

logger = logging.getLogger(__name__)
_LISTED = 20


def inspect(
    name: str,
    recipe: Recipe,
    seed: int,
    data: Data,
    rendering: Rendering,
    evaluation: Evaluation,
    base: BaseModelFolder,
    examples: Examples,
    splits: Splits,
    tokenised: Tokenised,
    for_training: bool,
    parts: Sequence[AdapterFolder] = (),
) -> dict[str, Any]:
    """Look at data, tokens, labels and costs.

    Args:
        name: of the recipe.
        for_training: whether a run follows; data that do not fit its objective are an error then.
        parts: trained adapters that this one is made of.

    Returns:
        JSON-able; `problems` lists what is wrong or noteworthy.
    """
    template = templates.load(load_tokenizer(base), rendering)
    report = {
        "recipe": name,
        "seed": seed,
        **_of_data(data, examples, splits),
        "template": _of_template(template, base, rendering),
        **_of_tokens(tokenised, template, rendering),
        "training": probe(
            recipe, base, tokenised, seed, hardware.scoring_dtype(evaluation.dtype), parts
        ),
    }
    report["memory"] = stages.predict(
        recipe,
        base,
        splits,
        tokenised,
        evaluation,
        training_bytes=report["training"]["predicted_memory_bytes"],
        adapter_bytes=report["training"]["adapter_bytes"],
    )
    virtual = report["training"]["virtual_tokens"]
    most = context.tokens_of_folder(base)
    report["answers"] = scoring.check(splits, template, evaluation, most, virtual)
    report["parts"] = [_of_part(part, splits, tokenised) for part in parts]
    report["problems"] = findings.find(report, recipe, for_training)
    for found in report["problems"]:
        logger.warning("Preflight, %s: %s", found["name"], found["message"])
    return report


def _of_data(data: Data, examples: Examples, splits: Splits) -> dict[str, Any]:
    return {
        "format": examples.format,
        "rows": {
            "read": examples.rows_read,
            "kept": examples.rows_kept,
            "dropped": examples.rows_dropped,
            "reasons": examples.reasons,
        },
        "dropped": _first(examples.path / "dropped.jsonl"),
        "unread_fields": examples.unread_fields,
        "near_duplicates": examples.near_duplicates,
        "splits": {"train": splits.train, "validation": splits.validation, "test": splits.test},
        "contents": contents.describe(iterate(splits, "train")),
        "leakage": leakage.between_splits(splits, data.near_duplicate_similarity),
        "benchmark": benchmark.overlap(splits, data.benchmark) if data.benchmark else None,
        "private": private.scan(iterate(splits, "train")),
    }


def _of_part(part: AdapterFolder, splits: Splits, tokenised: Tokenised) -> dict[str, Any]:
    return {
        "recipe": part.recipe,
        "seed": part.seed,
        "same_data": part.data_sha256 == splits.sha256,
        "same_rendering": part.rendering == tokenised.rendering,
    }


def _of_template(template: Template, base: BaseModelFolder, rendering: Rendering) -> dict[str, Any]:
    return {
        "format": rendering.format,
        "origin": base.chat_template if rendering.format == "chat" else "alpaca",
        "end_token": template.end_text,
        "end_token_id": template.end_id,
        "pad_token_id": template.tokenizer.pad_token_id,
        "shows_system": template.shows_system,
        "shows_tools": template.shows_tools,
        "text": template.source,
    }


def _of_tokens(tokenised: Tokenised, template: Template, rendering: Rendering) -> dict[str, Any]:
    return {
        "tokens": {"total": tokenised.total_tokens, "supervised": tokenised.supervised_tokens},
        **labels.check(tokenised, template),
        "lengths": tokenised.lengths,
        "limit": {"tokens": rendering.max_length_tokens, "too_long": rendering.too_long},
        "not_whole": {"counts": tokenised.not_whole, "rows": _first(tokenised.path / LISTED)},
        "neutralised": tokenised.neutralised,
        "examples": labels.examples(tokenised, template),
    }


def _first(file: Path) -> list[dict[str, Any]]:
    return [row for _, row in zip(range(_LISTED), jsonl.read(file), strict=False)]
