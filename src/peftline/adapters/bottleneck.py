"""Bottleneck adapters: small networks within the layers. PEFT has none of them."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

KIND = "PEFTLINE_BOTTLENECK"  # its `peft_type`; PEFT refuses types that it does not know
PART = ".bottleneck."  # of the names of its tensors


class Bottleneck(Config):
    """x + scale * up(activation(down(x))), starting at no change.

    Trains 2 d h + h + d parameters per network, for d of the model and h = d / reduction.
    """

    type: Literal["bottleneck"] = "bottleneck"
    placement: Literal["houlsby", "pfeiffer", "parallel"]
    """`houlsby`: after attention and after the feed-forward part, each before its residual sum
    (Houlsby et al. 2019, arXiv:1902.00751). `pfeiffer`: after each layer (Pfeiffer et al. 2021,
    arXiv:2005.00247). `parallel`: beside the feed-forward part, on the same input (He et al. 2022,
    arXiv:2110.04366); in Llama that is behind the norm, where the library `adapters` takes the
    states before it."""
    reduction: float = Field(16.0, gt=0)
    """Hidden size of the model over that of the network; 16 is that of the first two papers'
    successors (the library `adapters`), which has 2 for `parallel`."""
    activation: Literal["relu", "silu", "gelu"] = "relu"
    """Between down and up."""
    scale: float = Field(1.0, gt=0)
    """Of what is added; He et al. take 4 for `parallel`."""


def build(config: Bottleneck, model: "PreTrainedModel", plan: Plan) -> "PreTrainedModel":
    """Put the networks into `model`, in place; the base stays frozen, they are float32.

    Raises:
        PeftlineError: the model's layers are not built like Llama's.
    """

    def after(module: Any, _: Any, output: Any) -> Any:
        """The output, changed."""
        states = output[0] if isinstance(output, tuple) else output
        states = states + change(config, module.bottleneck, states)
        return (states, *output[1:]) if isinstance(output, tuple) else states

    def beside(module: Any, given: Any, output: "torch.Tensor") -> "torch.Tensor":
        """The output, and what the network makes of the input."""
        return output + change(config, module.bottleneck, given[0])

    for layer in layers_of(model):
        for place in places(layer, config):
            place.bottleneck = network(config, model)
            place.register_forward_hook(beside if config.placement == "parallel" else after)
    return model


def layers_of(model: "PreTrainedModel") -> "list[torch.nn.Module]":
    """Where networks can be put.

    Raises:
        PeftlineError: the model's layers are not built like Llama's.
    """
    layers = getattr(model.base_model, "layers", None)
    if not layers or not all(hasattr(one, "self_attn") and hasattr(one, "mlp") for one in layers):
        raise PeftlineError(
            "adapter: bottleneck adapters go into layers with `self_attn` and `mlp`, as Llama, "
            f"Mistral, Qwen and Gemma have them; {type(model).__name__} has none. Use LoRA."
        )
    return list(layers)


def places(layer: Any, config: Bottleneck) -> "list[torch.nn.Module]":
    """The modules of a layer that have a network."""
    return {
        "houlsby": [layer.self_attn, layer.mlp],
        "pfeiffer": [layer],
        "parallel": [layer.mlp],
    }[config.placement]


def network(config: Bottleneck, model: "PreTrainedModel") -> "torch.nn.Sequential":
    """Of one place; the zeros of its last layer make it change nothing."""
    import torch
    from transformers.activations import ACT2FN

    width = model.config.get_text_config().hidden_size
    narrow = max(1, round(width / config.reduction))
    up = torch.nn.Linear(narrow, width)
    torch.nn.init.zeros_(up.weight)
    torch.nn.init.zeros_(up.bias)
    down = torch.nn.Linear(width, narrow)
    return torch.nn.Sequential(down, ACT2FN[config.activation], up).to(model.device)


def change(config: Bottleneck, made: Any, states: "torch.Tensor") -> "torch.Tensor":
    """What a network adds, in the type of the states.

    Where autocast does not choose a type, the network takes that of its own weights.
    """
    return config.scale * made(states.to(made[0].weight.dtype)).to(states)


def describe(config: Bottleneck, model: "PreTrainedModel") -> dict[str, Any]:
    """What `rebuild` needs, for JSON."""
    return config.model_dump()


def rebuild(values: dict[str, Any], model: "PreTrainedModel") -> "PreTrainedModel":
    """Networks as described, without their trained weights, put into `model`."""
    return build(config_of(values), model, Plan())


def config_of(values: dict[str, Any]) -> Bottleneck:
    """The configuration among the values of an `adapter_config.json`."""
    return Bottleneck(**{name: values[name] for name in Bottleneck.model_fields})
