"""The two files of an adapter's folder, as PEFT writes them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


def write(folder: Path, values: dict[str, Any], tensors: "dict[str, torch.Tensor]") -> None:
    """Write configuration and weights into an existing folder."""
    from safetensors.torch import save_file

    (folder / CONFIG).write_text(json.dumps(values, indent=2), encoding="utf-8")
    kept = {name: value.contiguous() for name, value in tensors.items()}
    save_file(kept, folder / WEIGHTS, {"format": "pt"})


def read(folder: Path) -> "tuple[dict[str, Any], dict[str, torch.Tensor]]":
    """Configuration and weights of a saved adapter."""
    from safetensors.torch import load_file

    values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return values, load_file(folder / WEIGHTS)
