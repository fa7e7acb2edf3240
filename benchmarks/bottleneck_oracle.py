"""Bottleneck adapters and AdapterFusion beside the library `adapters`, weight for weight.

The library wants transformers 4, so this takes two environments:

    python benchmarks/bottleneck_oracle.py write FOLDER     # in this project's
    python -m venv other && other/bin/pip install adapters==1.3.0 transformers==4.57.6 torch==2.13.0
    other/bin/python benchmarks/bottleneck_oracle.py check FOLDER

The first writes a small random Llama, random weights for each kind of adapter, and the logits. The
second puts the same weights into the library's own modules and prints how far its logits are.

A parallel network reads what the feed-forward part reads. The library gives it the states before
their norm, which is no difference in the paper's models (they normalise after the sum) and one in
Llama. Its comparison is therefore made with the library's input.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

IDS = torch.arange(30)[None]
TOLERANCE = 1e-5  # sums in another order
# placement, reduction, activation, scale
KINDS = {
    "houlsby": ("houlsby", 16, "silu", 1.0),
    "houlsby, relu": ("houlsby", 4, "relu", 1.0),
    "pfeiffer": ("pfeiffer", 16, "relu", 1.0),
    "pfeiffer, gelu": ("pfeiffer", 4, "gelu", 1.0),
    "parallel": ("parallel", 2, "relu", 4.0),
    "parallel, unscaled": ("parallel", 2, "relu", 1.0),
}


def base() -> LlamaForCausalLM:
    """Three layers, with queries in groups."""
    torch.manual_seed(0)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    shape = {"hidden_size": 64, "intermediate_size": 112, "num_hidden_layers": 3}
    return loud(LlamaForCausalLM(LlamaConfig(vocab_size=99, **shape, **heads)).eval(), "_proj")


def loud(model: torch.nn.Module, part: str) -> torch.nn.Module:
    """Weights whose names have a part, large enough that each counts."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if part in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def write(folder: Path) -> None:
    """Weights and logits of this project."""
    from peftline import adapters
    from peftline.adapters.bottleneck import Bottleneck
    from peftline.adapters.fusion import rebuild

    base().save_pretrained(folder / "base")
    fields = ("placement", "reduction", "activation", "scale")
    for kind, values in KINDS.items():
        config = Bottleneck(**dict(zip(fields, values, strict=True)))
        model = loud(adapters.build(config, base()), "bottleneck")
        if config.placement == "parallel":
            give_states_before_the_norm(model, config.scale)
        keep(model, "bottleneck", folder / f"{kind}.safetensors")
    part = Bottleneck(placement="pfeiffer", reduction=16).model_dump()
    keep(loud(rebuild({"parts": [part, part]}, base()), "fusion"), "fusion", folder / "fusion")


def give_states_before_the_norm(model: torch.nn.Module, scale: float) -> None:
    """What the library takes as a parallel network's input."""
    for layer in model.model.layers:
        layer.mlp._forward_hooks.clear()
        layer.post_attention_layernorm.register_forward_hook(
            lambda _, given, out, layer=layer: setattr(layer, "before", given[0])
        )
        layer.mlp.register_forward_hook(
            lambda mlp, _, out, layer=layer: out + scale * mlp.bottleneck(layer.before)
        )


def keep(model: torch.nn.Module, part: str, file: Path) -> None:
    """The adapter's tensors, and the logits."""
    with torch.no_grad():
        logits = model(IDS).logits
    kept = {name: value.contiguous() for name, value in model.state_dict().items() if part in name}
    save_file(kept | {"logits": logits}, file)


def check(folder: Path) -> None:
    """The library's logits with the same weights."""
    from adapters import DoubleSeqBnConfig, ParBnConfig, SeqBnConfig
    from adapters.composition import Fuse

    made = {"houlsby": DoubleSeqBnConfig, "pfeiffer": SeqBnConfig, "parallel": ParBnConfig}
    places = {"houlsby": ("self_attn.", "mlp."), "pfeiffer": ("", ""), "parallel": ("", "mlp.")}
    for kind, (placement, reduction, activation, scale) in KINDS.items():
        saved = load_file(folder / f"{kind}.safetensors")
        model = opened(folder)
        config = made[placement](
            reduction_factor=reduction,
            non_linearity={"silu": "swish"}.get(activation, activation),
            scaling=scale,
        )
        model.add_adapter("one", config=config)
        model.set_active_adapters("one")
        for number, layer in enumerate(model.model.layers):
            blocks = (layer.attention_adapters, layer.output_adapters)
            for block, place in zip(blocks, places[placement], strict=True):
                if "one" in block.adapters:
                    name = f"model.layers.{number}.{place}bottleneck."
                    fill(block.adapters["one"], saved, name)
        report(kind, model, saved)
    saved, model = load_file(folder / "fusion"), opened(folder)
    for name in ("one", "two"):
        model.add_adapter(name, config=SeqBnConfig(reduction_factor=16, non_linearity="relu"))
    model.add_adapter_fusion(Fuse("one", "two"))
    model.set_active_adapters(Fuse("one", "two"))
    for number, layer in enumerate(model.model.layers):
        prefix, block = f"model.layers.{number}.fusion.", layer.output_adapters
        for place, name in enumerate(("one", "two")):
            fill(block.adapters[name], saved, f"{prefix}networks.{place}.")
        fusion = block.adapter_fusion_layer["one,two"]
        for name in ("query.weight", "query.bias", "key.weight", "value.weight"):
            fusion.get_parameter(name).data.copy_(saved[prefix + name])
        fusion.key.bias.data.zero_()  # which changes nothing, so this project has none
    report("adapter_fusion", model, saved)


def opened(folder: Path) -> torch.nn.Module:
    """The small Llama, made ready by the library."""
    import adapters

    model = LlamaForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    adapters.init(model)
    return model


def fill(network: torch.nn.Module, saved: dict[str, torch.Tensor], prefix: str) -> None:
    """Put weights of ours into a network of the library's."""
    for ours, theirs in (("0", network.adapter_down[0]), ("2", network.adapter_up)):
        for name in ("weight", "bias"):
            theirs.get_parameter(name).data.copy_(saved[f"{prefix}{ours}.{name}"])


def report(kind: str, model: torch.nn.Module, saved: dict[str, torch.Tensor]) -> None:
    """How far the library's logits are from ours."""
    with torch.no_grad():
        logits = model.eval()(IDS).logits
    far = (logits - saved["logits"]).abs().max().item()
    print(f"{kind:20} logits differ by {far:.1e} at most, and go up to {logits.abs().max():.1f}")
    if not far < TOLERANCE:
        sys.exit(f"{kind}: that is more than {TOLERANCE}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
