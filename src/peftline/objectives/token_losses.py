"""Next-token losses of a batch, with the head only where there is loss."""

from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy

from peftline.base_model.hardware import autocast
from peftline.labels import IGNORED
from peftline.speed import ending, head, packing
from peftline.speed.ending import Logits
from peftline.speed.layers import causal_lm_of, replaced


class BatchLoss(NamedTuple):
    """What a batch has cost, as sums that add up over parts."""

    total: torch.Tensor
    """Sum of the token losses."""
    tokens: torch.Tensor
    """Their number."""
    router: torch.Tensor | None = None
    """The loss of the model's router, with its weight; a mean over the tokens of the batch."""


def batch_loss(model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of a batch's token losses and their number; arguments as of `losses`."""
    return losses(model, batch)[:2]


def losses(
    model: Any,
    batch: dict[str, torch.Tensor],
    supervised_head: bool = True,
    router: bool = False,
) -> BatchLoss:
    """The losses of a batch.

    The loss of a router (Fedus et al. 2021, arXiv:2101.03961) is the model's own, as transformers
    adds it where it is asked for, and TRL wherever a configuration gives it a weight.

    Args:
        model: a causal model, or one that PEFT has wrapped.
        batch: `input_ids`, `attention_mask` and `labels`, each (rows, positions).
        supervised_head: logits are computed only where there is loss; otherwise everywhere.
        router: whether its loss is wanted too.
    """
    causal_lm = causal_lm_of(model)
    if packing.is_packed(causal_lm):
        inputs, labels = packing.flatten(batch)
    else:
        labels = batch["labels"]
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = ending.ending_of(model)
    if router and found.router_weight:
        inputs["output_router_logits"] = True
    way = found.logits if supervised_head else Logits.OF_MODEL
    with autocast(causal_lm):
        total, tokens, out = _WAYS[way](model, inputs, labels)
    if "output_router_logits" not in inputs:
        return BatchLoss(total, tokens)
    return BatchLoss(total, tokens, found.router_weight * out.aux_loss)


_Sums = tuple[torch.Tensor, torch.Tensor, Any]
"""Sum of the token losses, their number, and what the model has given."""


def _by_states(model: Any, inputs: dict[str, Any], labels: torch.Tensor) -> _Sums:
    """From what the head is given; the model itself makes no logits."""
    projection = causal_lm_of(model).get_output_embeddings()
    states: list[torch.Tensor] = []
    with replaced([projection], ending.caught(states)):
        out = ending.as_called(model)(**inputs, use_cache=False)
    hidden = states[0][:, -labels.shape[1] :]  # without those of virtual tokens before each row
    return *supervised_loss(hidden, labels, projection), out


def _by_chosen_logits(model: Any, inputs: dict[str, Any], labels: torch.Tensor) -> _Sums:
    """From the model's logits at positions that carry loss, of which it is given the states."""
    projection = causal_lm_of(model).get_output_embeddings()
    targets = _next(labels)
    keep = targets != IGNORED
    with replaced([projection], ending.only_at(keep)):
        out = ending.as_called(model)(**inputs, use_cache=False)
    return *_sum(out.logits[0], targets[keep]), out


def _by_all_logits(model: Any, inputs: dict[str, Any], labels: torch.Tensor) -> _Sums:
    """From the model's logits as they come."""
    out = ending.as_called(model)(**inputs, use_cache=False)
    targets = _next(labels)
    keep = targets != IGNORED
    return *_sum(out.logits[:, -labels.shape[1] :][keep], targets[keep]), out


_WAYS = {
    Logits.OF_HEAD: _by_states,
    Logits.POSITION_BY_POSITION: _by_chosen_logits,
    Logits.OF_MODEL: _by_all_logits,
}


def supervised_loss(
    hidden: torch.Tensor, labels: torch.Tensor, projection: torch.nn.Module
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the next-token losses and their number.

    Args:
        hidden: (rows, positions, width), the last hidden states.
        labels: (rows, positions); `IGNORED` where there is no loss.
        projection: the head; projects hidden states onto the vocabulary.
    """
    targets = _next(labels)
    keep = targets != IGNORED
    hidden, targets = hidden[keep], targets[keep]
    if head.is_frozen(projection):
        return head.FrozenHeadLoss.apply(hidden, targets, projection), keep.sum()
    total, tokens = _sum(projection(hidden), targets)
    return total + hidden.sum().float() * 0.0, tokens  # keeps the graph without targets


def _sum(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the losses of (tokens, vocabulary) logits, in float32, and their number."""
    total = cross_entropy(logits.float(), targets, reduction="sum")
    return total, torch.tensor(len(targets), device=targets.device)


def _next(labels: torch.Tensor) -> torch.Tensor:
    """What follows each position; nothing follows the last."""
    return torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
