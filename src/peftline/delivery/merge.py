"""Merge an adapter into its base, and prove that nothing was lost."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import iterate
from peftline.delivery import adapter as adapters
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Splits
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.schema import Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ROWS = 16  # held-out examples on which logits are compared
# float32 sums in another order: 30 layers of a 135M model differ by 1e-4 at logits of 20 to 30.
TOLERANCE = 1e-3
# Saving in bf16 rounds weights to 3 significant digits; near-ties may then go the other way.
LOWEST_AGREEMENT = 0.97


@dataclass(frozen=True)
class MergedModel:
    """A model that needs no adapter, ready to be saved."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def merge(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    dtype: torch.dtype,
) -> tuple[MergedModel, dict[str, Any]]:
    """Merge in float32 into a freshly loaded, unquantised base.

    Never into a quantised base: rounding to 4 bits again swallows most of the update (measured: a
    loss of 0.15 with the adapter became 3.59).

    Args:
        dtype: the merged model is delivered in; that in which it was scored, for the same answers.

    Returns:
        The merged model, and `verified`, `max_abs_logit_difference` (float32, merged against
        adapter), `top1_agreement` (of the model as saved), `rows`, `dtype`.

    Raises:
        PeftlineError: the merged model differs from the adapter.
    """
    tokenizer = load_tokenizer(base)
    template = templates.load(tokenizer, rendering)
    tokenizer.chat_template = template.source  # saved with the merged model
    rows = [
        render.tokens(example, template).input_ids[: rendering.max_length_tokens]
        for example in islice(iterate(splits, "validation"), _ROWS)
    ]
    unmerged = adapters.load(load_model(base, dtype=torch.float32), adapter)
    merged = adapters.merged(load_model(base, dtype=torch.float32), adapter)
    differences, expected = [], []
    for ids in rows:  # one row's logits at a time: those of 16 rows take 1.3 GB
        before = _logits(unmerged, ids)
        differences.append((_logits(merged, ids) - before).abs().max())
        expected.append(before.argmax(-1))
    del unmerged
    # Weights as saved, arithmetic in float32.
    rounded = adapters.in_type(adapters.in_type(merged, dtype), torch.float32)
    saved = [_logits(rounded, ids).argmax(-1) for ids in rows]
    report = {
        "max_abs_logit_difference": torch.stack(differences).max().item(),
        "top1_agreement": _agreement(expected, saved),
        "rows": len(rows),
        "dtype": str(dtype).removeprefix("torch."),
    }
    verify(report)
    delivered = adapters.in_type(rounded, dtype)
    delivered.config._name_or_path = base.id
    return MergedModel(delivered, tokenizer), {"verified": True, **report}


def verify(report: dict[str, Any]) -> None:
    """Refuse a merge that changed what the model says.

    Raises:
        PeftlineError: with the measured difference and the limit.
    """
    difference, agreement = report["max_abs_logit_difference"], report["top1_agreement"]
    if not difference <= TOLERANCE or agreement < LOWEST_AGREEMENT:
        raise PeftlineError(
            f"The merged model is not the adapter: logits differ by up to {difference:.2g} (limit "
            f"{TOLERANCE}) and the most likely token agrees at {agreement:.1%} of "
            f"{report['rows']} held-out rows' positions (limit {LOWEST_AGREEMENT:.0%}). Nothing "
            "was saved. Use the adapter unmerged, and report this with the recipe."
        )


def _logits(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids], device=model.device)).logits[0].float().cpu()


def _agreement(expected: list[torch.Tensor], saved: list[torch.Tensor]) -> float:
    same = torch.cat(expected) == torch.cat(saved)
    return round(same.float().mean().item(), 6)
