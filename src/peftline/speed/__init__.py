"""Shortcuts through a training step that change its time and memory, not what it computes."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftModel

logger = logging.getLogger(__name__)


class Speed(Config):
    """Each can be switched off; gradients stay the same but for rounding (docs/performance.md)."""

    supervised_head: bool = True
    """Logits only where there is loss, in chunks; otherwise at every position, as the model gives
    them."""
    packing: Literal["auto", "on", "off"] = "auto"
    """The rows of a step one after the other, without padding, each attending to itself alone.
    `auto` pads where a model cannot keep rows apart; `on` refuses such a model."""
    fused_lora: bool = True
    """Both products of a LoRA layer add into the same memory; layers with one input share passes
    over it."""
    fused_norms: bool = True
    """Norms with fewer passes over their input, where they are plain RMS norms."""
    micro_batch_tokens: int = Field(4096, ge=1)
    """Tokens that pass the model at once; a step with more is done in parts, with the same
    gradients and less memory. A longer row passes alone."""
    compile: bool = False
    """`torch.compile`, on a GPU only; rows are padded, not packed."""
    liger: bool = False
    """Norms, gates and rotations by Liger's kernels, on a GPU only. Needs `pip install
    liger-kernel`."""


@contextmanager
def applied(
    config: Speed, model: "PeftModel", longest_tokens: int, obstacle: str = ""
) -> Iterator[None]:
    """Put a model's shortcuts in place for as long as it trains.

    Args:
        longest_tokens: of all rows that will pass the model.
        obstacle: why rows must be padded whatever the model; empty if nothing stands against it.

    Raises:
        PeftlineError: packing is demanded where rows cannot be kept apart, or a shortcut for GPUs
            where there is none.
    """
    from peftline.speed import ending, low_rank, norms, packing
    from peftline.speed.layers import causal_lm_of

    _refuse_without_gpu(config)
    causal_lm = causal_lm_of(model)
    ending.ending_of(model)  # tried out as it is, before any shortcut is in place
    if config.compile:
        obstacle = "training.speed.compile wants padded rows"
    with ExitStack() as stack:
        found: dict[str, Any] = {}
        if config.fused_lora:  # before packing: it is tried out with an unpacked row
            fused = low_rank.fused(model, lambda: _pass_two_tokens(causal_lm))
            found["fused_lora"] = stack.enter_context(fused)
        packed = packing.rows_apart(causal_lm, config.packing, longest_tokens, obstacle)
        found["packing"] = stack.enter_context(packed)
        if config.fused_norms and not config.liger:
            found["fused_norms"] = stack.enter_context(norms.fused(model))
        if config.compile:
            found["compile"] = stack.enter_context(_compiled(causal_lm.base_model))
        logger.info("Shortcuts in place: %s.", found)
        yield


def _pass_two_tokens(causal_lm: Any) -> None:
    import torch

    from peftline.base_model.hardware import autocast

    ids = torch.zeros(1, 2, dtype=torch.long, device=causal_lm.device)
    with autocast(causal_lm):
        causal_lm.base_model(input_ids=ids, use_cache=False)


def _refuse_without_gpu(config: Speed) -> None:
    import torch

    for name in ("compile", "liger"):
        if getattr(config, name) and not torch.cuda.is_available():
            raise PeftlineError(
                f"training.speed.{name} needs a GPU, and there is none. Leave it out."
            )
    if config.liger and importlib.util.find_spec("liger_kernel") is None:
        raise PeftlineError("training.speed.liger needs a package: pip install liger-kernel")


@contextmanager
def _compiled(module: Any) -> Iterator[bool]:
    module.compile(dynamic=True)
    try:
        yield True
    finally:
        module._compiled_call_impl = None  # what `compile` has set
