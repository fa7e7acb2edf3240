"""The loss of a model on a plain text, paragraph by paragraph."""

import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import cross_entropy

from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SHIPPED = "general_text.txt"
_WINDOW = 512  # tokens at once: logits of a longer text would fill the memory


class Loss(NamedTuple):
    """Of one paragraph."""

    nats: float
    """Sum over its tokens."""
    tokens: int
    """Those that are predicted: the first of a window has none before it, unless there is BOS."""


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


def losses(model: "PreTrainedModel", paragraphs: list[list[int]], bos: list[int]) -> list[Loss]:
    """The loss of each paragraph, read by itself.

    Args:
        model: of transformers, or one of PEFT with virtual tokens.
        paragraphs: token ids, without special tokens.
        bos: what stands before a text, or nothing.
    """
    device = next(model.parameters()).device
    model.eval()
    found = []
    with torch.inference_mode():
        for ids in paragraphs:
            nats, tokens = 0.0, 0
            for at in range(0, len(ids), _WINDOW):
                window = torch.tensor([bos + ids[at : at + _WINDOW]], device=device)
                if window.shape[1] > 1:
                    # virtual tokens have logits too, and stand first
                    logits = model(input_ids=window).logits[0, -window.shape[1] : -1]
                    nats += cross_entropy(logits.float(), window[0, 1:], reduction="sum").item()
                    tokens += window.shape[1] - 1
            found.append(Loss(nats, tokens))
    return found
