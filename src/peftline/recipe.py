"""What a recipe is: a point on five axes."""

from typing import Any, Self

from pydantic import Field, model_validator

from peftline import capabilities
from peftline.adapters import types as adapters
from peftline.adapters.types import Adapter
from peftline.config import Config
from peftline.objectives import types as objectives
from peftline.objectives.types import Objective
from peftline.optimizers import types as optimizers
from peftline.optimizers.types import AdamW, Optimizer
from peftline.quantization import types as quantizations
from peftline.quantization.types import NoQuantization, Quantization
from peftline.training import Training

AXES: dict[str, dict[Any, tuple]] = {
    "objective": objectives.TYPES,
    "adapter": adapters.TYPES,
    "quantization": quantizations.TYPES,
    "optimizer": optimizers.TYPES,
}
"""The types that there are on each axis, by their configurations, with the functions that act."""


class Recipe(Config):
    """A point on five axes: objective x adapter x quantization x optimizer x training."""

    objective: Objective = Field(default_factory=Objective)
    """What is optimised, on which kind of data."""
    adapter: Adapter
    """Which parameters are added and trained."""
    quantization: Quantization = Field(default_factory=NoQuantization)
    """How the frozen base is held in memory during training."""
    optimizer: Optimizer = Field(default_factory=AdamW)
    """How gradients become steps."""
    training: Training = Field(default_factory=Training)
    """Steps, batch, schedule."""

    @model_validator(mode="before")
    @classmethod
    def _takes_adamw(cls, values: Any) -> Any:
        """Settings of the optimizer without a `type` are AdamW's."""
        given = values.get("optimizer") if isinstance(values, dict) else None
        if isinstance(given, dict) and "type" not in given:
            values = values | {"optimizer": {"type": "adamw"} | given}
        return values

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        """Raises ValueError: the values do not go together; all reasons are named."""
        found = capabilities.refusals(self)
        if found:
            raise ValueError(f"{'; '.join(found)}. See docs/methods.md for what goes together.")
        return self
