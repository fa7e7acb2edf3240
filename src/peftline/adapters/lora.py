"""LoRA: a low-rank update beside frozen linear layers, with its variants and initial values."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from peftline.adapters import eva, loftq
from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

# The first two take the strongest part of each weight out of the base, the third begins with what
# the quantised base has lost. What is saved is the difference to that, for the untouched base.
SAVED_AS_DIFFERENCE = ("pissa", "olora", "loftq")


class Lora(Config):
    """W + (alpha / rank) * B @ A on chosen linear layers (Hu et al. 2021, arXiv:2106.09685).

    Trains rank * (in_features + out_features) parameters per layer.
    """

    type: Literal["lora"] = "lora"
    rank: int = Field(16, ge=1, le=1024)
    """Rank of the update. 8 suffices for style and format, 16 to 64 for a new domain."""
    alpha: float = Field(32.0, gt=0)
    """Numerator of the scale; alpha = 2 * rank keeps the learning rate valid across ranks."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On the adapter's input. Off: its masks cost 20 to 35 % of a step on a CPU."""
    target_modules: Targets = "all-linear"
    rslora: bool = False
    """Scale by alpha / sqrt(rank), so that large ranks learn as fast as small ones (Kalajdzievski
    2023, arXiv:2312.03732)."""
    dora: bool = False
    """Train the length of each output's weights apart from their direction (Liu et al. 2024,
    arXiv:2402.09353): out_features parameters more per layer."""
    initialization: Literal["zero", "pissa", "olora", "eva", "loftq"] = "zero"
    """Where training starts. `zero`: A random, B zero. `pissa`: the largest singular values of each
    weight, taken out of the base (Meng et al. 2024, arXiv:2404.02948). `olora`: the first columns
    of its QR decomposition, likewise (Büyükakyüz 2024, arXiv:2406.01775). `eva`: A from the inputs
    that the layers see on training rows, B zero (Paischer et al. 2024, arXiv:2410.07170). `loftq`:
    the largest singular values of what rounding to 4 bits took from each weight (Li et al. 2023,
    arXiv:2310.08659; one of its steps, so that the rounded base stays that of QLoRA)."""
    eva_rho: float = Field(2.0, ge=1)
    """How far `eva` may move rank from layers that need little to others: up to rho * rank each,
    the sum unchanged. 1 gives every layer the same."""


def build(config: Lora, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches; the message lists those that exist.
    """
    from peft import EvaConfig, LoraConfig

    start = config.initialization
    peft_config = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=resolve_targets(config.target_modules, model),
        use_rslora=config.rslora,
        use_dora=config.dora,
        init_lora_weights=True if start in ("zero", "loftq") else start,
        # All tokens of a row: answers of a few do not span the ranks, and PEFT 0.21 would look at
        # them again and again without end.
        eva_config=EvaConfig(rho=config.eva_rho, use_label_mask=False) if start == "eva" else None,
    )
    wrapped = wrap(model, peft_config)
    if start == "loftq":
        loftq.fill(wrapped, plan.unrounded())
    if start == "eva":
        eva.fill(wrapped, plan.batches())
    return wrapped
