"""What each adapter can and cannot do: one table, by which recipes are checked and documented."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from peftline.adapters.any_peft import (
    IN_EIGHT_BITS,
    NEVER_MERGED,
    NOT_IN_FOUR_BITS,
    AnyPeft,
)
from peftline.adapters.lora import Lora
from peftline.adapters.none import NoAdapter
from peftline.adapters.prompts import PrefixTuning
from peftline.adapters.relora import ReLora
from peftline.optimizers import ONLY_FOR_LORA, AdamW8Bit, GaLore
from peftline.quantization import FP4, NF4, Int8

if TYPE_CHECKING:
    from peftline.recipe import Recipe


class Capabilities(NamedTuple):
    """Of one adapter."""

    four_bit: bool = True
    """Trains on a base in 4 bits (nf4, fp4)."""
    eight_bit: bool = True
    """Trains on a base in 8 bits (int8)."""
    identity: bool = True
    """Changes nothing before the first step."""
    resumes: bool = True
    """A killed run that goes on ends as if it had not been killed."""
    early_stopping: bool = True
    """May be stopped before the planned steps, and go back to the best checkpoint."""
    merges: bool = True
    """Disappears in the weights of the base; otherwise no merged model is delivered."""
    gradient_checkpointing: bool = True
    """Trains with activations recomputed."""
    packing: bool = True
    """Trains on rows without padding between them."""
    plain_lora: bool = False
    """Is delivered as a plain LoRA, which servers such as vLLM take."""
    mixed_batch: bool = False
    """Several of its kind answer in one batch (`adapter_names` in PEFT)."""


TABLE: dict[str, Capabilities] = {
    # Whose weights are trained, must have them whole.
    "none": Capabilities(four_bit=False, eight_bit=False, merges=False),
    "lora": Capabilities(plain_lora=True, mixed_batch=True),
    # PEFT 0.21 cannot unpack 8-bit weights on a CPU, as DoRA needs it for their lengths.
    "dora": Capabilities(eight_bit=False),
    # Their base is changed at the start: quantised, it would be another one than the one scored.
    "pissa": Capabilities(four_bit=False, eight_bit=False, plain_lora=True, mixed_batch=True),
    "olora": Capabilities(four_bit=False, eight_bit=False, plain_lora=True, mixed_batch=True),
    # It makes up for what 4 bits have lost, and begins with that.
    "loftq": Capabilities(eight_bit=False, identity=False, plain_lora=True, mixed_batch=True),
    "eva": Capabilities(plain_lora=True, mixed_batch=True),
    # The importance of ranks, a mean over all steps, is in no checkpoint.
    "adalora": Capabilities(resumes=False, early_stopping=False),
    "vera": Capabilities(),
    "ia3": Capabilities(),
    "ln_tuning": Capabilities(),
    "oft": Capabilities(),
    "hra": Capabilities(four_bit=False, eight_bit=False),
    "miss": Capabilities(),
    "shira": Capabilities(),
    # The base is in no checkpoint, and rounded it could take no update.
    "relora": Capabilities(
        four_bit=False, eight_bit=False, merges=False, resumes=False, early_stopping=False
    ),
    "prompt_tuning": Capabilities(identity=False, merges=False, packing=False),
    # Of the network that makes the virtual tokens, PEFT saves what it makes alone.
    "p_tuning": Capabilities(
        identity=False, merges=False, packing=False, resumes=False, early_stopping=False
    ),
    "prefix_tuning": Capabilities(
        identity=False, merges=False, packing=False, gradient_checkpointing=False
    ),
    "prefix_tuning with projection": Capabilities(
        identity=False,
        merges=False,
        packing=False,
        gradient_checkpointing=False,
        resumes=False,
        early_stopping=False,
    ),
    # transformers trains a quantised model with adapters of PEFT alone.
    "bottleneck": Capabilities(four_bit=False, eight_bit=False, merges=False),
    # It works after a layer, where activations are not recomputed.
    "adapter_fusion": Capabilities(
        four_bit=False, eight_bit=False, identity=False, merges=False, gradient_checkpointing=False
    ),
    "peft": Capabilities(),
}


def method(adapter: Any) -> str:
    """The row of the table that an adapter's configuration belongs to."""
    if isinstance(adapter, Lora):
        if adapter.initialization != "zero":
            return adapter.initialization
        return "dora" if adapter.dora else "lora"
    if isinstance(adapter, PrefixTuning) and adapter.projection:
        return "prefix_tuning with projection"
    return adapter.type


BY_TYPE = ("four_bit", "eight_bit", "merges")
"""What another adapter of PEFT can do depends on its type."""


def of(adapter: Any) -> Capabilities:
    """What an adapter can do, by its configuration."""
    can = TABLE[method(adapter)]
    if not isinstance(adapter, AnyPeft):
        return can
    kind = adapter.peft_type
    return can._replace(
        four_bit=kind not in NOT_IN_FOUR_BITS,
        eight_bit=kind in IN_EIGHT_BITS,
        merges=kind not in NEVER_MERGED,
    )


Delivers = Literal["adapter and merged", "adapter", "model"]


def delivers(adapter: Mapping[str, Any]) -> Delivers:
    """What a recipe leaves behind.

    Args:
        adapter: its configuration as it stands in a recipe file; PEFT need not be imported.
    """
    kind = str(adapter.get("type"))
    if kind in ("none", "relora"):
        return "model"
    if kind == "peft":
        merges = adapter.get("peft_type") not in NEVER_MERGED
    else:
        merges = kind not in TABLE or TABLE[kind].merges
    return "adapter and merged" if merges else "adapter"


def resumes(recipe: "Recipe") -> bool:
    """Whether a killed run can go on from its checkpoint.

    The states of GaLore hold objects of Python, and torch reads none from a file, for safety.
    """
    return of(recipe.adapter).resumes and not isinstance(recipe.optimizer, GaLore)


def packing_obstacle(recipe: "Recipe") -> str:
    """What forbids to pack rows, whatever the model; empty if nothing does."""
    if not of(recipe.adapter).packing:
        return "virtual tokens stand before each row"
    noise = recipe.training.neftune_alpha
    return "NEFTune scales its noise by the length of a row" if noise else ""


def refusals(recipe: "Recipe") -> list[str]:
    """Why a recipe cannot work; empty if it can."""
    adapter, optimizer, training = recipe.adapter, recipe.optimizer, recipe.training
    can = of(adapter)
    name = adapter.peft_type if isinstance(adapter, AnyPeft) else method(adapter)
    is_lora = isinstance(adapter, Lora)
    is_dora = is_lora and adapter.dora
    only_lora = isinstance(optimizer, ONLY_FOR_LORA)
    obstacle = packing_obstacle(recipe)
    rules = (
        (
            isinstance(recipe.quantization, NF4 | FP4) and not can.four_bit,
            f"{name} does not train on a base in 4 bits",
        ),
        (
            isinstance(recipe.quantization, Int8) and not can.eight_bit,
            f"{name} does not train on a base in 8 bits",
        ),
        (
            training.patience and not can.early_stopping,
            f"{name} does not go with training.patience",
        ),
        (
            training.gradient_checkpointing and not can.gradient_checkpointing,
            f"{name} does not train with training.gradient_checkpointing",
        ),
        (
            training.speed.packing == "on" and obstacle,
            f"training.speed.packing=on is impossible: {obstacle}",
        ),
        (
            isinstance(optimizer, GaLore) and not isinstance(adapter, NoAdapter),
            f"optimizer galore trains the model's own weights, so no adapter ({name})",
        ),
        (
            isinstance(optimizer, AdamW8Bit) and isinstance(adapter, ReLora),
            "relora forgets states of AdamW at a restart, and cannot in 8 bits",
        ),
        (
            only_lora and not is_lora,
            f"optimizer {optimizer.type} is for adapters of type lora, not {name}",
        ),
        (
            only_lora and is_dora,
            f"optimizer {optimizer.type} is about A and B, not the lengths that dora trains",
        ),
        (
            name == "loftq" and not isinstance(recipe.quantization, NF4 | FP4),
            "loftq begins with what rounding to 4 bits has lost, so it wants quantization nf4 or "
            "fp4",
        ),
        (
            is_dora and adapter.initialization != "zero",
            "dora starts at initialization=zero only",
        ),
    )
    return [reason for holds, reason in rules if holds]
