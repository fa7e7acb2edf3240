"""What a model does with its last states: found by trying it, and put to use."""

import logging
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from inspect import signature
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch

from peftline.base_model.hardware import autocast
from peftline.speed.layers import causal_lm_of, is_prompt_learning, replaced, trial

logger = logging.getLogger(__name__)

_TRIAL_TOKENS = 8
# Caps of published models are 15 to 50: the logits of a trial reach beyond them, for those of small
# or random weights do not, and a cap of 32 changes no logit of 0.1 by as much as bfloat16 shows.
_TRIAL_LOGITS = 1000.0
_ROUTER = "output_router_logits"  # by which transformers' models are asked for their router's loss
_VAST = 1e30  # by which the token losses are divided, so that nothing is left of them in float32


class Logits(StrEnum):
    """How a model's logits come from its head."""

    OF_HEAD = "of the head"
    """They are what the head gives."""
    POSITION_BY_POSITION = "changed position by position"
    """What follows the head, such as a cap or a scale, does the same at each position."""
    OF_MODEL = "of the model alone"
    """Anything else: only the whole model gives them."""


class Ending(NamedTuple):
    """What a model does after its last states."""

    logits: Logits
    router_weight: float
    """Of its router's own loss beside the mean loss of the tokens; 0 where there is none."""


_ENDINGS: "WeakKeyDictionary[torch.nn.Module, Ending]" = WeakKeyDictionary()


def ending_of(model: Any) -> Ending:
    """Try a model out; once, however often it is asked for.

    Names in configurations do not tell: RecurrentGemma's cap has another one than Gemma's, and
    `logits_scaling` divides in Granite, multiplies in HyperCLOVA X and acts before the head in
    MiniCPM3.

    Args:
        model: a causal model, or one that PEFT has wrapped; the first time without shortcuts.
    """
    if model not in _ENDINGS:
        causal_lm = causal_lm_of(model)
        ids = torch.arange(_TRIAL_TOKENS, device=next(causal_lm.parameters()).device)[None]
        with trial(model), autocast(causal_lm):
            found = Ending(_logits(causal_lm, ids), _router_weight(as_called(model), ids))
        if found.logits is not Logits.OF_HEAD:
            logger.info("The loss is computed from the model's own logits: %s.", found.logits)
        if found.router_weight:
            logger.info(
                "The loss of the router is trained with a weight of %g.", found.router_weight
            )
        _ENDINGS[model] = found
    return _ENDINGS[model]


def as_called(model: Any) -> Any:
    """What is given token ids: PEFT's wrapper where it adds virtual tokens, else what it wraps."""
    return model if is_prompt_learning(model) else causal_lm_of(model)


def only_at(keep: torch.Tensor) -> Callable[[Any], Callable[[torch.Tensor], torch.Tensor]]:
    """A head's forward that projects chosen positions alone: (1, chosen, vocabulary).

    What the model does to its logits afterwards, it does to these.

    Args:
        keep: (rows, positions), without virtual tokens before each row.
    """

    def forward(usual: Callable[..., torch.Tensor], states: torch.Tensor) -> torch.Tensor:
        own = states[:, states.shape[1] - keep.shape[1] :]
        return usual(own[keep])[None]

    return lambda head: partial(forward, head.forward)


def caught(states: list[torch.Tensor]) -> Callable[[Any], Callable[[torch.Tensor], torch.Tensor]]:
    """A head's forward that projects nothing and appends what it is given to `states`."""

    def forward(given: torch.Tensor) -> torch.Tensor:
        states.append(given)
        return given

    return lambda head: forward


def _logits(causal_lm: Any, ids: torch.Tensor) -> Logits:
    """Give the model known logits in place of its head's, and see what it makes of them."""
    head = causal_lm.get_output_embeddings()
    if head is None:
        return Logits.OF_MODEL
    made: list[torch.Tensor] = []

    def instead(chosen: slice, usual: Callable[..., torch.Tensor], states: Any) -> torch.Tensor:
        logits = usual(states)
        values = torch.linspace(-_TRIAL_LOGITS, _TRIAL_LOGITS, logits.numel(), device=ids.device)
        made.append(values.view_as(logits).to(logits.dtype))
        return made[-1][:, chosen].clone()  # some models change it in place

    def after(chosen: slice) -> torch.Tensor:
        with replaced([head], lambda layer: partial(instead, chosen, layer.forward)):
            return causal_lm(input_ids=ids, use_cache=False).logits.float()

    whole, some = slice(None), slice(1, None, 3)
    changed = after(whole)
    if len(made) != 1:
        return Logits.OF_MODEL
    try:
        if torch.equal(changed, made[0].float()):
            with replaced([head], caught([])):  # it must take states for logits, too
                causal_lm(input_ids=ids, use_cache=False)
            return Logits.OF_HEAD
        if torch.equal(after(some), changed[:, some]):
            return Logits.POSITION_BY_POSITION
    except RuntimeError:  # sizes that do not fit: something else makes logits, or looks at them
        pass
    return Logits.OF_MODEL


def _router_weight(model: Any, ids: torch.Tensor) -> float:
    """What transformers adds to the loss for each unit of the router's loss.

    Read off losses of which nothing is left but what does not come from tokens.
    """
    wanted = signature(model.forward).parameters.values()
    if not any(one.name == _ROUTER or one.kind is one.VAR_KEYWORD for one in wanted):
        return 0.0
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "use_cache": False}
    loss = {"labels": ids, "num_items_in_batch": _VAST}
    try:
        router = getattr(model(**given, **{_ROUTER: True}), "aux_loss", None)
        if not isinstance(router, torch.Tensor) or not router:
            return 0.0
        with_it = model(**given, **loss, **{_ROUTER: True}).loss
        without = model(**given, **loss, **{_ROUTER: False}).loss
    except (RuntimeError, ValueError) as error:
        logger.warning("The router's own loss is left out, for it cannot be had: %s.", error)
        return 0.0
    return ((with_it - without) / router).item()
