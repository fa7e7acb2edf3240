"""ReLoRA: low-rank updates, merged into the base again and again."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from peftline.adapters.companions import Companions
from peftline.adapters.lora import Lora
from peftline.adapters.lora import build as build_lora
from peftline.adapters.plan import Plan
from peftline.adapters.targets import Targets
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


class ReLora(Config):
    """LoRA that is merged and begins anew `restarts` times (Lialin et al. 2023, arXiv:2307.05695).

    Trains rank * (in_features + out_features) parameters per layer at a time. The base changes, so
    a whole model is delivered.
    """

    type: Literal["relora"] = "relora"
    rank: int = Field(16, ge=1, le=1024)
    """Of each update; that of their sum is up to (restarts + 1) times as high."""
    alpha: float = Field(32.0, gt=0)
    """Numerator of the scale."""
    target_modules: Targets = "all-linear"
    restarts: int = Field(3, ge=1)
    """How often, evenly spread over the run."""
    warmup_steps: int = Field(5, ge=0)
    """Steps in which the rate rises from zero again after a restart; 50 to 100 in the paper's runs
    of thousands."""
    forgotten_share: float = Field(0.99, ge=0, le=1)
    """Share of the optimizer's moments that is set to zero at a restart, the smallest first."""


def build(config: ReLora, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model`, whose weights are widened to float32: 16 bits would lose small updates.

    Raises:
        PeftlineError: the run has too few steps for so many restarts.
    """
    if plan.steps // (config.restarts + 1) < 1:
        raise PeftlineError(
            f"adapter.restarts={config.restarts}: a run of {plan.steps} steps is too short for it."
        )
    lora = Lora(rank=config.rank, alpha=config.alpha, target_modules=config.target_modules)
    return build_lora(lora, model.float(), plan)


def companions(config: ReLora, model: "PeftModel", plan: Plan) -> Companions:
    """What restarts, and the rate that rises again after it."""
    from transformers import TrainerCallback

    every = plan.steps // (config.restarts + 1)

    class Restart(TrainerCallback):
        """After the step, before the next one."""

        def on_step_end(
            self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any
        ) -> None:
            """Merge and begin anew, `restarts` times."""
            step = state.global_step
            if step % every == 0 and step // every <= config.restarts:
                restart(model, optimizer, config.forgotten_share)

    def rate(step: int) -> float:
        """Factor of the schedule's rate; the beginning has the schedule's own warm-up."""
        since = step - min(step // every, config.restarts) * every
        return min(1.0, (since + 1) / (config.warmup_steps + 1)) if step >= every else 1.0

    return Companions([Restart()], rate=rate)


def restart(model: "PeftModel", optimizer: Any, forgotten_share: float) -> None:
    """Add the updates to the base, begin new ones, and forget most of the old ones' momentum."""
    import torch
    from peft.tuners.lora import LoraLayer

    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, LoraLayer):
                layer.get_base_layer().weight += layer.get_delta_weight("default")
                layer.reset_lora_parameters("default", True)
    inner = getattr(optimizer, "optimizer", optimizer)  # accelerate wraps it
    for state in inner.state.values():
        _forget(state["exp_avg"], state["exp_avg_sq"], forgotten_share)


def _forget(first: "torch.Tensor", second: "torch.Tensor", share: float) -> None:
    """Set both moments to zero, in place, where the first is smallest.

    In the same places: after a restart B is zero, and so are A's gradients. A first moment that was
    kept where the second was not would be divided by Adam's epsilon alone, and the run diverges.
    """
    count = round(share * first.numel())
    if count:
        size = first.abs()
        small = size <= size.flatten().kthvalue(count).values
        first[small] = 0
        second[small] = 0


def finish(model: "PeftModel") -> "PreTrainedModel":
    """The base with the last update in it."""
    return model.merge_and_unload()
