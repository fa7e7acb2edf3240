"""Bottleneck adapters: small networks within the layers. PEFT has none of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from peftline.adapters.plan import Plan
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

KIND = "PEFTLINE_BOTTLENECK"  # its `peft_type`; PEFT refuses types that it does not know
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


class Bottleneck(Config):
    """x + scale * up(activation(down(x))), starting at no change.

    Trains 2 d h + h + d parameters per network, for d of the model and h = d / reduction.
    """

    type: Literal["bottleneck"] = "bottleneck"
    placement: Literal["houlsby", "pfeiffer", "parallel"]
    """`houlsby`: after attention and after the feed-forward part, each before its residual sum
    (Houlsby et al. 2019, arXiv:1902.00751). `pfeiffer`: after each layer (Pfeiffer et al. 2021,
    arXiv:2005.00247). `parallel`: beside the feed-forward part, on the same input (He et al. 2022,
    arXiv:2110.04366)."""
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
    import torch
    from transformers.activations import ACT2FN

    layers = getattr(model.base_model, "layers", None)
    if not layers or not all(hasattr(one, "self_attn") and hasattr(one, "mlp") for one in layers):
        raise PeftlineError(
            "adapter: bottleneck adapters go into layers with `self_attn` and `mlp`, as Llama, "
            f"Mistral, Qwen and Gemma have them; {type(model).__name__} has none. Use LoRA."
        )
    width = model.config.get_text_config().hidden_size
    narrow = max(1, round(width / config.reduction))

    def network() -> torch.nn.Module:
        """Of one place; the zeros of its last layer make it change nothing."""
        up = torch.nn.Linear(narrow, width)
        torch.nn.init.zeros_(up.weight)
        torch.nn.init.zeros_(up.bias)
        return torch.nn.Sequential(
            torch.nn.Linear(width, narrow), ACT2FN[config.activation], up
        ).to(model.device)

    def after(module: Any, _: Any, output: Any) -> Any:
        """The output, changed."""
        states = output[0] if isinstance(output, tuple) else output
        states = states + config.scale * module.bottleneck(states.to(_type(module))).to(states)
        return (states, *output[1:]) if isinstance(output, tuple) else states

    def beside(module: Any, given: Any, output: "torch.Tensor") -> "torch.Tensor":
        """The output, and what the network makes of the input."""
        return output + config.scale * module.bottleneck(given[0].to(_type(module))).to(output)

    for layer in layers:
        places = {
            "houlsby": [layer.self_attn, layer.mlp],
            "pfeiffer": [layer],
            "parallel": [layer.mlp],
        }[config.placement]
        for place in places:
            place.bottleneck = network()
            place.register_forward_hook(beside if config.placement == "parallel" else after)
    return model


def _type(module: Any) -> "torch.dtype":
    """What a network takes where autocast does not choose: the type of its own weights."""
    return next(module.bottleneck.parameters()).dtype


def tensors(model: "PreTrainedModel") -> dict[str, "torch.Tensor"]:
    """The networks' weights by their names in the model."""
    return {name: value for name, value in model.state_dict().items() if ".bottleneck." in name}


def save(config: Bottleneck, model: "PreTrainedModel", folder: Path) -> None:
    """Write weights and configuration into an existing folder, in the form of PEFT's."""
    from safetensors.torch import save_file

    values = {"peft_type": KIND, "task_type": "CAUSAL_LM", **config.model_dump()}
    (folder / _CONFIG).write_text(json.dumps(values, indent=2), encoding="utf-8")
    kept = {name: value.contiguous() for name, value in tensors(model).items()}
    save_file(kept, folder / _WEIGHTS, {"format": "pt"})


def load(model: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    """Put saved networks into `model`, in place.

    Raises:
        PeftlineError: tensors are missing, left over, or of another size.
    """
    from safetensors.torch import load_file

    values = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    config = Bottleneck(**{name: values[name] for name in Bottleneck.model_fields})
    model = build(config, model, Plan())
    saved, wanted = load_file(folder / _WEIGHTS), tensors(model)
    sizes = [{name: tuple(one.shape) for name, one in some.items()} for some in (saved, wanted)]
    if sizes[0] != sizes[1]:
        other = sorted({name for name, _ in set(sizes[0].items()) ^ set(sizes[1].items())})
        raise PeftlineError(
            f"{folder / _WEIGHTS}: {len(other)} tensors are missing, left over or of another size "
            f"for this base ({', '.join(other[:3])}, …). Train again, or use the base that the "
            "adapter was trained on."
        )
    model.load_state_dict(saved, strict=False)
    return model
