"""Tokens and labels of a whole data set, memory-mapped and reused while nothing changes."""

import hashlib
import logging
from pathlib import Path
from typing import Any

from peftline import store
from peftline.base_model.loading import load_tokenizer
from peftline.corpus.split import read_split
from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.handles import BaseModelFolder, Splits, Tokenised
from peftline.rendering import render
from peftline.rendering.tokens import end_of_turn_id
from peftline.schema import Rendering

logger = logging.getLogger(__name__)


def tokenise(splits: Splits, base: BaseModelFolder, config: Rendering, root: Path) -> Tokenised:
    """Render and tokenise training and validation examples.

    Raises:
        PeftlineError: no training or no validation example is short enough.
    """
    import peftline.formats
    import peftline.rendering

    key = {
        "splits": splits.sha256,
        "base": base.sha256,
        "rendering": config.model_dump(),
        "code": store.code_hash(peftline.rendering, peftline.formats),
    }
    path, manifest = store.build(
        root / "05_model_input", key, lambda folder: _store(splits, base, config, folder)
    )
    return Tokenised(path=path, **manifest)


def _store(
    splits: Splits, base: BaseModelFolder, config: Rendering, folder: Path
) -> dict[str, Any]:
    from datasets import Dataset

    tokenizer = load_tokenizer(base)
    end_id = end_of_turn_id(tokenizer)
    # The end token of the Alpaca prompt is always the end-of-sequence token.
    end_id = tokenizer.eos_token_id if config.format == "alpaca" else end_id
    facts: dict[str, Any] = {"dropped": [], "total_tokens": 0, "supervised_tokens": 0}
    longest, contents = 0, hashlib.sha256()
    for side in ("train", "validation"):
        rows, before = [], len(facts["dropped"])
        for example in read_split(splits, side):
            row = _row(example, config, tokenizer, end_id)
            longest = max(longest, row["length"])
            if row["length"] > config.max_length_tokens:
                facts["dropped"].append(example.id)
                continue
            rows.append(row)
            contents.update(f"{side}{row['input_ids']}{row['labels']}".encode())
            if side == "train":
                facts["total_tokens"] += row["length"]
                facts["supervised_tokens"] += sum(x != render.IGNORED for x in row["labels"])
        if len(facts["dropped"]) > before:
            logger.warning(
                "%d %s examples have more than rendering.max_length_tokens=%d tokens and are left "
                "out; they are listed in the summary.",
                len(facts["dropped"]) - before,
                side,
                config.max_length_tokens,
            )
        if not rows:
            raise PeftlineError(
                f"No {side} example has at most rendering.max_length_tokens="
                f"{config.max_length_tokens} tokens (the longest has {longest}). Raise the limit."
            )
        Dataset.from_list(rows).save_to_disk(folder / side)
        facts[side] = len(rows)
    return facts | {
        "longest_tokens": longest,
        "rendering": config.model_dump(),
        "data_sha256": splits.sha256,
        "base_sha256": base.sha256,
        "sha256": contents.hexdigest(),
    }


def _row(example: Example, config: Rendering, tokenizer: Any, end_id: int) -> dict[str, Any]:
    tokens = render.tokens(example, config, tokenizer, end_id)
    return {
        "id": example.id,
        "input_ids": tokens.input_ids,
        "labels": tokens.labels,
        "length": len(tokens.input_ids),
    }
