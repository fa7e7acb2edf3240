"""GaLore, which transformers takes from galore-torch."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from peftline.config import Config


class GaLore(Config):
    """AdamW whose states belong to a low-rank projection of the gradients (Zhao et al. 2024,
    arXiv:2403.03507). Trains all weights of the layers with the memory of few; no adapter."""

    libraries: ClassVar[tuple[str, ...]] = ("galore-torch",)
    type: Literal["galore"] = "galore"
    rank: int = Field(128, ge=1)
    """Of the projection; the paper takes a quarter of the width."""
    update_gap_steps: int = Field(50, ge=1)
    """Steps between two decompositions of the gradients; 200 in the paper's runs of thousands."""
    scale: float = Field(0.25, gt=0)
    """Of the projected step; the paper's alpha."""


def arguments(config: GaLore) -> dict[str, Any]:
    """The part of `transformers.TrainingArguments` that belongs to it."""
    return {
        "optim": "galore_adamw",
        # transformers takes linear layers only, but the head among them.
        "optim_target_modules": r"(?!lm_head$).*",
        "optim_args": f"rank={config.rank}, update_proj_gap={config.update_gap_steps}, "
        f"scale={config.scale}",
    }
