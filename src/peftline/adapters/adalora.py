"""AdaLoRA: LoRA in the form of singular values, whose ranks move to where they help most."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from peftline.adapters.companions import Companions
from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets, resolve_targets
from peftline.adapters.wrap import wrap
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


class AdaLora(Config):
    """W + (alpha / rank) * B @ diag(E) @ A; small E are set to zero (Zhang et al. 2023,
    arXiv:2303.10512).

    Trains initial_rank * (in_features + out_features + 1) parameters per layer, of which those of
    target_rank per layer, on average, are left in the end.
    """

    type: Literal["adalora"] = "adalora"
    initial_rank: int = Field(24, ge=1, le=1024)
    """Rank of every layer at the start; 1.5 times the target, as in the paper."""
    target_rank: int = Field(16, ge=1, le=1024)
    """Mean rank in the end."""
    alpha: float = Field(32.0, gt=0)
    """Numerator of the scale."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On the adapter's input."""
    target_modules: Targets = "all-linear"
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of the steps before the first rank is taken away."""
    final_share: float = Field(0.3, ge=0, lt=1)
    """Share of the steps, at the end, in which the ranks stay as they are."""
    interval_steps: int = Field(1, ge=1)
    """Steps between two allocations."""
    orthogonality: float = Field(0.5, ge=0)
    """Weight of the penalty that keeps rows of A and columns of B orthogonal; PEFT's default. It is
    no part of the losses that are reported."""

    @model_validator(mode="after")
    def _goes_down(self) -> Self:
        """Raises ValueError: there is no rank to take away."""
        if self.target_rank >= self.initial_rank:
            raise ValueError(
                f"target_rank={self.target_rank} must be below initial_rank={self.initial_rank}"
            )
        return self


def build(config: AdaLora, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model` in place.

    Raises:
        PeftlineError: no linear layer matches, or the run is too short to move ranks.
    """
    from peft import AdaLoraConfig

    first = round(config.warmup_share * plan.steps)
    last = round(config.final_share * plan.steps)
    if first + last >= plan.steps or last < 1:
        raise PeftlineError(
            f"adapter: adalora takes ranks away between step {first} and step {plan.steps - last}; "
            f"a run of {plan.steps} steps has no time for that, or none to settle afterwards. "
            "Train longer, or change adapter.warmup_share and adapter.final_share."
        )
    peft_config = AdaLoraConfig(
        task_type="CAUSAL_LM",
        init_r=config.initial_rank,
        target_r=config.target_rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=resolve_targets(config.target_modules, model),
        tinit=first,
        tfinal=last,
        deltaT=config.interval_steps,
        total_step=plan.steps,
        orth_reg_weight=config.orthogonality,
    )
    return wrap(model, peft_config)


def companions(config: AdaLora, model: "PeftModel", plan: Plan) -> Companions:
    """What allocates ranks after each step, and the penalty of a step."""
    from transformers import TrainerCallback

    class Allocate(TrainerCallback):
        """Without it PEFT keeps all ranks and says nothing."""

        def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """After the step, while its gradients are still there: importance needs them."""
            model.base_model.update_and_allocate(state.global_step)

    return Companions([Allocate()], lambda: config.orthogonality * departure(model))


def departure(model: "PeftModel") -> "torch.Tensor":
    """How far rows of A and columns of B are from orthonormal: the mean of ||P P' - I||.

    PEFT adds it to every loss of its forward, the validation loss included
    (`AdaLoraModel.forward`).
    """
    import torch

    products = []
    for name, parameter in model.named_parameters():
        if "lora_A" in name:
            products.append(parameter @ parameter.T)
        elif "lora_B" in name:
            products.append(parameter.T @ parameter)
    distances = [torch.linalg.norm(p - torch.eye(len(p), device=p.device)) for p in products]
    return torch.stack(distances).mean()
