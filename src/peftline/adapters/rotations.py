"""Weights turned, not added to: orthogonal fine-tuning."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Oft(Config):
    """W @ R with a block-diagonal, orthogonal R (Qiu et al. 2023, arXiv:2306.07280; by Cayley and
    Neumann as in arXiv:2506.19847).

    Trains in_features * (block_size - 1) / 2 parameters per layer. There is no dropout of blocks:
    PEFT 0.21 takes a `module_dropout` and never applies it.
    """

    type: Literal["oft"] = "oft"
    block_size: int = Field(32, ge=2)
    """Of the blocks; a divisor of every target's in_features. 32 is PEFT's default."""
    target_modules: Targets = "all-linear"


class Hra(Config):
    """W @ H_1 @ … @ H_rank with Householder reflections (Yuan et al. 2024, arXiv:2405.17484).

    Trains rank * in_features parameters per layer. Pairs of equal reflections undo each other, so
    an even rank starts at no change.
    """

    type: Literal["hra"] = "hra"
    rank: int = Field(8, ge=2, multiple_of=2)
    """Number of reflections. 8 is the paper's and PEFT's."""
    target_modules: Targets = "all-linear"


def build_oft(config: Oft, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches, or the blocks do not fit.
    """
    from peft import OFTConfig
    from peft.tuners.oft.layer import OFTLayer

    peft_config = OFTConfig(
        task_type="CAUSAL_LM",
        oft_block_size=config.block_size,
        target_modules=resolve_targets(config.target_modules, model),
    )
    wrapped = wrap(model, peft_config)
    # PEFT takes another size where this one does not fit, and only warns.
    layers = (module for module in wrapped.modules() if isinstance(module, OFTLayer))
    other = sorted({one.in_features for one in layers if one.in_features % config.block_size})
    if other:
        raise PeftlineError(
            f"adapter.block_size={config.block_size} does not divide the inputs of layers with "
            f"{', '.join(map(str, other))} features. Choose a common divisor."
        )
    return wrapped


def build_hra(config: Hra, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches.
    """
    from peft import HRAConfig

    targets = resolve_targets(config.target_modules, model)
    return wrap(model, HRAConfig(task_type="CAUSAL_LM", r=config.rank, target_modules=targets))
