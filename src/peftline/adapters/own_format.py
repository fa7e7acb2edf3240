"""Adapters that PEFT does not know, in folders of PEFT's form."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftline.adapters import folder
from peftline.adapters.types import TYPES
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_BY_CONFIG = {config: entry.own_format for config, entry in TYPES.items() if entry.own_format}
_BY_KIND = {module.KIND: module for module in _BY_CONFIG.values()}


def has(config: Any) -> bool:
    """Whether an adapter with this configuration is one of these."""
    return type(config) in _BY_CONFIG


def has_kind(peft_type: str) -> bool:
    """Whether a saved adapter is one of these."""
    return peft_type in _BY_KIND


def size(config: Any, model: "PreTrainedModel") -> int:
    """Numbers that are saved."""
    module = _BY_CONFIG[type(config)]
    return sum(tensor.numel() for tensor in _tensors(model, module).values())


def save(config: Any, model: "PreTrainedModel", path: Path) -> None:
    """Write weights and configuration into an existing folder."""
    module = _BY_CONFIG[type(config)]
    values = {"peft_type": module.KIND, "task_type": "CAUSAL_LM"} | module.describe(config, model)
    folder.write(path, values, _tensors(model, module))


def load(model: "PreTrainedModel", path: Path) -> "PreTrainedModel":
    """Put a saved adapter into `model`, in place.

    Raises:
        PeftlineError: tensors are missing, left over, or of another size.
    """
    values, saved = folder.read(path)
    module = _BY_KIND[values["peft_type"]]
    model = module.rebuild(values, model)
    wanted = _tensors(model, module)
    sizes = [{name: tuple(one.shape) for name, one in some.items()} for some in (saved, wanted)]
    if sizes[0] != sizes[1]:
        other = sorted({name for name, _ in set(sizes[0].items()) ^ set(sizes[1].items())})
        raise PeftlineError(
            f"{path / folder.WEIGHTS}: {len(other)} tensors are missing, left over or of another "
            f"size for this base ({', '.join(other[:3])}, …). Train again, or use the base that "
            "the adapter was trained on."
        )
    model.load_state_dict(saved, strict=False)
    return model


def _tensors(model: "PreTrainedModel", module: Any) -> "dict[str, torch.Tensor]":
    return {name: value for name, value in model.state_dict().items() if module.PART in name}
