"""The sizes of a base model, read from its files without opening its weights."""

import math
from dataclasses import dataclass

from peftline.handles import BaseModelFolder


@dataclass(frozen=True)
class Shapes:
    """What the memory of a stage follows from."""

    parameters: int
    """Numbers in the files."""
    in_layers: int
    """Numbers in the weights of layers that can be quantised: matrices of the repeated layers."""
    largest_in_layers: int
    """Numbers in the largest of these weights."""
    largest: int
    """Numbers in the largest of all weights, often that of the head."""
    layers: int
    hidden: int
    inner: int
    """Width of the feed-forward part."""
    key_value_width: int
    """Numbers that attention keeps of a token in a layer: keys and values."""
    vocabulary: int


def shapes_of(base: BaseModelFolder) -> Shapes:
    """Read the headers of the safetensors and the configuration."""
    from safetensors import safe_open
    from transformers import AutoConfig

    sizes: dict[str, list[int]] = {}
    for path in sorted(base.path.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            sizes |= {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    numbers = {name: math.prod(size) for name, size in sizes.items()}
    # Layers are numbered: `model.layers.0.mlp.up_proj.weight`.
    inside = [
        numbers[name]
        for name, size in sizes.items()
        if len(size) > 1 and any(part.isdigit() for part in name.split("."))
    ]
    config = AutoConfig.from_pretrained(base.path, local_files_only=True).get_text_config()
    heads = getattr(config, "num_attention_heads", None) or 0  # not all models have attention
    head_width = getattr(config, "head_dim", None) or config.hidden_size // max(1, heads)
    kept_heads = getattr(config, "num_key_value_heads", None) or heads
    return Shapes(
        parameters=sum(numbers.values()),
        in_layers=sum(inside),
        largest_in_layers=max(inside, default=0),
        largest=max(numbers.values()),
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        inner=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        key_value_width=2 * kept_heads * head_width,
        vocabulary=config.vocab_size,
    )
