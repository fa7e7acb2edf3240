"""Merge an adapter into its base, and prove that nothing was lost."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import iterate
from peftline.delivery import adapter as adapters
from peftline.delivery import layer_by_layer
from peftline.errors import PeftlineError
from peftline.handles import AdapterFolder, BaseModelFolder, Splits
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.schema import Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ROWS = 16  # held-out examples on which logits are compared
_POSITIONS = 32  # of each row, at its end; all of 16 rows' logits would take 1.3 GB
# float32 sums in another order: 30 layers of a 135M model differ by 1e-4 at logits of 20 to 30.
# Weights in bfloat16 are rounded to 3 significant digits: 0.41 measured there; four times that.
TOLERANCE = {"float32": 1e-3, "bfloat16": 1.6}
# Of a layer in float32, before its weights are rounded; 210 layers of that model: at most 5e-7.
LAYER_TOLERANCE = 1e-4
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
    device: torch.device | None = None,
) -> tuple[MergedModel, dict[str, Any]]:
    """Merge into a freshly loaded, unquantised base, and compare it with what it was before.

    There is one model in memory, and one layer of it in float32. Never into a quantised base:
    rounding to 4 bits again swallows most of the update (measured: a loss of 0.15 with the adapter
    became 3.59).

    Args:
        dtype: the merged model is delivered in; that in which it was scored, for the same answers.
        device: where; by default that of this machine.

    Returns:
        The merged model, and `verified`, `max_layer_difference` (each layer before and after its
        merge in float32, relative to its largest output), `layers`, `max_abs_logit_difference`
        (merged, as it is saved, against adapter, by arithmetic in float32), `top1_agreement`,
        `rows`, `dtype`.

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
    model = adapters.load(load_model(base, dtype, device=device), adapter)
    check = layer_by_layer.MergeCheck(model)
    before = _logits_of(model, rows)
    merged = layer_by_layer.merge_in_place(model, check).eval()
    after = _logits_of(merged, rows)
    report = {
        "max_layer_difference": check.worst,
        "layers": check.layers,
        "max_abs_logit_difference": _difference(before, after),
        "top1_agreement": _agreement(before, after),
        "rows": len(rows),
        "dtype": str(dtype).removeprefix("torch."),
    }
    verify(report)
    merged.config._name_or_path = base.id
    return MergedModel(merged, tokenizer), {"verified": True, **report}


def verify(report: dict[str, Any]) -> None:
    """Refuse a merge that changed what the model says.

    Raises:
        PeftlineError: with the measured differences and their limits.
    """
    limits = {
        "max_layer_difference": LAYER_TOLERANCE,
        "max_abs_logit_difference": TOLERANCE[report["dtype"]],
    }
    agreement = report["top1_agreement"]
    if all(report[name] <= most for name, most in limits.items()) and agreement >= LOWEST_AGREEMENT:
        return
    layer, logits = (f"{report[name]:.2g} (limit {most})" for name, most in limits.items())
    raise PeftlineError(
        f"The merged model is not the adapter: logits differ by up to {logits}, outputs of a layer "
        f"by up to {layer} of the largest, and the most likely token agrees at {agreement:.1%} of "
        f"{report['rows']} held-out rows' positions (limit {LOWEST_AGREEMENT:.0%}). Nothing was "
        "saved. Use the adapter unmerged, and report this with the recipe."
    )


class _Logits(NamedTuple):
    """Of one row."""

    last: torch.Tensor
    """(at most `_POSITIONS`, vocabulary): those of the answer."""
    chosen: torch.Tensor
    """(positions): the most likely token after each."""


def _logits_of(model: Any, rows: list[list[int]]) -> list[_Logits]:
    with layer_by_layer.arithmetic_in_float32(model):
        return [
            _Logits(logits[-_POSITIONS:].clone(), logits.argmax(-1))
            for logits in (_logits(model, ids) for ids in rows)
        ]


def _logits(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids], device=model.device)).logits[0].float().cpu()


def _difference(before: list[_Logits], after: list[_Logits]) -> float:
    pairs = zip(before, after, strict=True)
    return torch.stack([(one.last - other.last).abs().max() for one, other in pairs]).max().item()


def _agreement(before: list[_Logits], after: list[_Logits]) -> float:
    same = torch.cat([one.chosen for one in before]) == torch.cat([one.chosen for one in after])
    return round(same.float().mean().item(), 6)
