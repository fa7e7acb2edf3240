"""An adapter as a registered MLflow model: a few megabytes, the base is named, not copied."""

import importlib.metadata
import json
from pathlib import Path

import mlflow

from peftline.handles import BaseModelFolder

_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def register(adapter: Path, base: BaseModelFolder, recipe: str) -> None:
    """Log the adapter folder with the code that opens it, as a version of `peftline-<recipe>`."""
    mlflow.pyfunc.log_model(
        name="adapter_model",
        python_model=str(Path(__file__).with_name("serve.py")),
        artifacts={"adapter": str(adapter)},
        model_config={"base_model": str(base.path), "base_model_id": base.id},
        input_example=None,
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in _PACKAGES],
        registered_model_name=f"peftline-{recipe}",
        metadata={"adapter_config": json.loads((adapter / "adapter_config.json").read_text())},
    )
