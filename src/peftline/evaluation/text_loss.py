"""How likely a model finds a plain text, paragraph by paragraph."""

import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING

from peftline.base_model import context
from peftline.errors import PeftlineError
from peftline.evaluation.likelihood import log_likelihoods
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.rendering.render import Tokens

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

_SHIPPED = "general_text.txt"
_WINDOW = 512  # tokens: what most models read at once, and short enough to stand in a batch
_BATCH_TOKENS = 2048


def read(file: Path | None) -> list[str]:
    """The paragraphs of a text.

    Raises:
        PeftlineError: there is no such file, it is no UTF-8, or has fewer than two paragraphs.
    """
    path = file or importlib.resources.files("peftline.evaluation") / _SHIPPED
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PeftlineError(
            f"evaluation.general_text={file}: this cannot be read ({error}). Name a UTF-8 text, or "
            "leave it out for the one that is shipped."
        ) from error
    blocks = "\n".join(line.rstrip() for line in text.splitlines()).split("\n\n")
    paragraphs = [one.strip("\n") for one in blocks if one.strip()]
    if len(paragraphs) < 2:
        raise PeftlineError(
            f"evaluation.general_text={file}: found {len(paragraphs)} paragraphs, and an interval "
            "needs at least 2. Separate them by empty lines."
        )
    return paragraphs


def likelihoods(
    model: "PreTrainedModel | PeftModel", paragraphs: list[list[int]], bos: list[int]
) -> list[Likelihood]:
    """How likely each paragraph is, read by itself; its first token counts only after BOS.

    Args:
        model: of transformers, or one of PEFT with virtual tokens.
        paragraphs: token ids, without special tokens.
        bos: what stands before a text, or nothing.
    """
    most = context.tokens_of_model(model)
    # Half of what the model reads at most: an adapter's virtual tokens need room too.
    window = _WINDOW if most is None else min(_WINDOW, most // 2)
    windows = [
        (of, bos + ids[at : at + window])
        for of, ids in enumerate(paragraphs)
        for at in range(0, len(ids), window)
    ]
    rows = [Tokens(ids, ids) for _, ids in windows]
    found = [Likelihood(0.0, 0)] * len(paragraphs)
    read = log_likelihoods(model, rows, _BATCH_TOKENS, "General text")
    for (of, _), one in zip(windows, read, strict=True):
        before = found[of]
        found[of] = Likelihood(
            before.log_likelihood + one.log_likelihood, before.tokens + one.tokens
        )
    return found
