"""What training has cost elsewhere: the loss on a general text, before and after."""

from pathlib import Path
from typing import Any

import torch
import transformers

from peftline import sources, store
from peftline.base_model.loading import load_base, load_tokenizer
from peftline.delivery.adapter import check_matches
from peftline.delivery.answering import open_trained
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.evaluation.statistics.intervals import ratio
from peftline.evaluation.text_loss import likelihoods, read
from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder
from peftline.quantization import NoQuantization, Quantization
from peftline.rendering.tokens import leading_bos

READS = ("peftline.base_model.loading", "peftline.evaluation.text_loss")
"""Modules that the losses of the base come from."""


def measure(
    base: BaseModelFolder,
    trained: AdapterFolder | ModelFolder,
    text: Path | None,
    dtype: torch.dtype,
    root: Path,
    held: Quantization | None = None,
) -> dict[str, Any]:
    """Mean loss per token (nats) on a text that has nothing to do with the training data.

    The base is measured by itself, once for each text and type, so that the runs of all recipes
    have the same number for it.

    Args:
        text: UTF-8, paragraphs separated by empty lines; by default the one that is shipped.
        dtype: of weights and arithmetic, for both models.
        root: of the store in which the base's losses are kept.
        held: how the base is, where the unquantised one is too large for the device.

    Returns:
        `base_loss`, `loss`; `difference` (`value`, and `low` and `high` of its 95 % interval over
        the `n` paragraphs, whose losses are paired); `interval_of`, for all paragraphs are of this
        text and say nothing of another; `tokens`, `text_sha256`.

    Raises:
        PeftlineError: the text cannot be read, or has fewer than two paragraphs; or the adapter
            was trained on another base.
    """
    check_matches(trained, base)
    content = read(text)
    tokenizer = load_tokenizer(base)
    bos = leading_bos(tokenizer)
    ids = [tokenizer(one, add_special_tokens=False)["input_ids"] for one in content]
    sha256 = store.sha256_of([bos, ids])

    def write(folder: Path) -> dict[str, Any]:
        """Nothing but the manifest is stored."""
        found = likelihoods(load_base(base, dtype, held), ids, bos)
        return {"likelihoods": [[one.log_likelihood, one.tokens] for one in found]}

    folder = root / "07_model_output" / "base_loss"
    before = store.build(folder, _key(base, sha256, dtype, held), write)[1]["likelihoods"]
    after = likelihoods(open_trained(trained, base, dtype, held), ids, bos)
    return compare([Likelihood(*one) for one in before], after) | {
        "text_sha256": store.sha256_of(content)
    }


def compare(before: list[Likelihood], after: list[Likelihood]) -> dict[str, Any]:
    """Mean losses per token and their difference, with its interval over paragraphs.

    Raises:
        ValueError: the two did not read the same tokens.
    """
    tokens = [float(one.tokens) for one in before]
    if tokens != [float(one.tokens) for one in after]:
        raise ValueError("Losses before and after training are of other tokens.")
    nats = [
        (-one.log_likelihood, -other.log_likelihood)
        for one, other in zip(before, after, strict=True)
    ]
    paragraphs = [str(at) for at in range(len(tokens))]
    return {
        "base_loss": round(sum(one for one, _ in nats) / sum(tokens), 6),
        "loss": round(sum(other for _, other in nats) / sum(tokens), 6),
        "difference": ratio([other - one for one, other in nats], tokens, paragraphs),
        "interval_of": "paragraphs of this text",
        "tokens": int(sum(tokens)),
    }


def _key(
    base: BaseModelFolder, sha256: str, dtype: torch.dtype, held: Quantization | None
) -> dict[str, Any]:
    """What the base's likelihoods depend on."""
    return {
        "base": base.sha256,
        "text": sha256,
        "dtype": str(dtype),
        "held": (held or NoQuantization()).model_dump(),
        "code": sources.sha256_without_recipe(*READS),
        "versions": [transformers.__version__, torch.__version__],
    }
