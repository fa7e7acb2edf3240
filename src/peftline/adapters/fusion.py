"""AdapterFusion: attention over adapters that were trained before and stay as they are."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from peftline.adapters import bottleneck, folder
from peftline.adapters.bottleneck import Bottleneck
from peftline.adapters.companions import Companions
from peftline.adapters.plan import Plan
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

KIND = "PEFTLINE_FUSION"
PART = ".fusion."
# What these add reaches the end of the layer as a sum; of Houlsby's two, what is added after
# attention passes through the feed-forward part first.
_FUSIBLE = ("pfeiffer", "parallel")


class AdapterFusion(Config):
    """h + V sum_n softmax_n(Q h . K a_n) a_n after each layer, for a_n that adapter n adds to its
    output h (Pfeiffer et al. 2021, arXiv:2005.00247).

    Trains 3 d d + d parameters per layer, for d of the model. Starts near the adapters' mean.
    """

    type: Literal["adapter_fusion"] = "adapter_fusion"
    adapters: list[str] = Field(min_length=2)
    """Recipes, whose adapters are those of this experiment and seed, or folders of adapters: of
    type `bottleneck`, placed as `pfeiffer` or `parallel`, on the same base."""
    value_penalty: float = Field(0.01, ge=0)
    """Of the squared distance of V from the identity, where it starts; that of the library
    `adapters`."""


def build(config: AdapterFusion, model: "PreTrainedModel", plan: Plan) -> "PreTrainedModel":
    """Put the trained adapters and the attention over them into `model`, in place.

    Raises:
        PeftlineError: the model's layers are not built like Llama's, or the adapters cannot be
            fused; all of them are named.
    """
    saved = [folder.read(path) for path in plan.parts]
    other = [
        f"{path} ({values.get('placement', values['peft_type'])})"
        for path, (values, _) in zip(plan.parts, saved, strict=True)
        if values.get("placement") not in _FUSIBLE
    ]
    if other:
        raise PeftlineError(
            f"adapter.adapters: {', '.join(other)} cannot be fused. Take adapters of type "
            f"bottleneck, placed as {' or '.join(_FUSIBLE)}."
        )
    parts = [bottleneck.config_of(values) for values, _ in saved]
    if any(part.placement == "parallel" for part in parts):
        _refuse_changed_sums(model)
    _attach(model, parts)
    names = {module: name for name, module in model.named_modules()}
    for layer in bottleneck.layers_of(model):
        for part, made, (_, tensors) in zip(parts, layer.fusion.networks, saved, strict=True):
            (place,) = bottleneck.places(layer, part)
            prefix = f"{names[place]}{bottleneck.PART}"
            made.load_state_dict({key: tensors[f"{prefix}{key}"] for key in made.state_dict()})
    return model


def _refuse_changed_sums(model: "PreTrainedModel") -> None:
    """What a parallel network adds to the feed-forward part must reach the layer's end unchanged.

    Raises:
        PeftlineError: a norm or a factor comes after it.
    """
    factor = getattr(model.config, "residual_multiplier", None)
    norm = "post_feedforward_layernorm"
    if factor not in (None, 1) or any(hasattr(one, norm) for one in bottleneck.layers_of(model)):
        raise PeftlineError(
            f"adapter.adapters: {type(model).__name__} changes what its feed-forward part gives "
            "before it adds it up, so adapters beside that part cannot be fused. Take adapters "
            "placed as pfeiffer."
        )


def companions(config: AdapterFusion, model: "PreTrainedModel", plan: Plan) -> Companions:
    """What keeps V near the identity."""
    import torch

    values = [layer.fusion.value.weight for layer in bottleneck.layers_of(model)]

    def penalty() -> "torch.Tensor":
        """Over all layers."""
        one = torch.eye(len(values[0]), device=values[0].device)
        return config.value_penalty * torch.stack([(v - one).square().sum() for v in values]).sum()

    return Companions(penalty=penalty)


def describe(config: AdapterFusion, model: "PreTrainedModel") -> dict[str, Any]:
    """What `rebuild` needs, for JSON; the adapters are saved with it, so that it opens anywhere."""
    parts = bottleneck.layers_of(model)[0].fusion.parts
    return config.model_dump() | {"parts": [part.model_dump() for part in parts]}


def rebuild(values: dict[str, Any], model: "PreTrainedModel") -> "PreTrainedModel":
    """Networks as described, without their trained weights, put into `model`."""
    return _attach(model, [Bottleneck(**part) for part in values["parts"]])


def _attach(model: "PreTrainedModel", parts: list[Bottleneck]) -> "PreTrainedModel":
    """Put frozen networks and the attention over them after each layer."""
    for layer in bottleneck.layers_of(model):
        layer.fusion = _attention(model, parts)
        layer.mlp.register_forward_hook(_keep_input)
        layer.register_forward_hook(_fuse)
    return model


def _attention(model: "PreTrainedModel", parts: list[Bottleneck]) -> "torch.nn.Module":
    """Of one layer: `networks`, which are frozen, and `query`, `key` and `value`."""
    import torch

    width = model.config.get_text_config().hidden_size
    made = torch.nn.Module()
    made.parts = parts
    made.networks = torch.nn.ModuleList(bottleneck.network(part, model) for part in parts)
    made.networks.requires_grad_(False)
    made.query = torch.nn.Linear(width, width)
    # Its bias would add the same to all adapters' scores, which softmax takes away again.
    made.key = torch.nn.Linear(width, width, bias=False)
    made.value = torch.nn.Linear(width, width, bias=False)
    for linear in (made.query, made.key):
        torch.nn.init.normal_(linear.weight, std=0.02)  # as BERT, and the paper's code
    torch.nn.init.zeros_(made.query.bias)
    torch.nn.init.eye_(made.value.weight)
    return made.to(model.device)


def _keep_input(mlp: Any, given: Any, _: Any) -> None:
    """Parallel networks read what the feed-forward part reads."""
    mlp.given = given[0]


def _fuse(layer: Any, _: Any, output: Any) -> Any:
    """The output of a layer, changed."""
    import torch

    fusion = layer.fusion
    states = output[0] if isinstance(output, tuple) else output
    reads = {"pfeiffer": states, "parallel": layer.mlp.__dict__.pop("given")}
    added = torch.stack(
        [
            bottleneck.change(part, made, reads[part.placement])
            for part, made in zip(fusion.parts, fusion.networks, strict=True)
        ],
        dim=-2,  # rows, positions, adapters, width
    ).to(fusion.value.weight.dtype)
    scores = fusion.query(states.to(added)).unsqueeze(-2) * fusion.key(added)
    weights = scores.sum(-1, dtype=torch.float32).softmax(-1).unsqueeze(-1)
    states = states + fusion.value((weights * added).sum(-2)).to(states)
    return (states, *output[1:]) if isinstance(output, tuple) else states
