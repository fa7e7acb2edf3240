"""An adapter as a registered MLflow model: a few megabytes, the base is named, not copied."""

import importlib.metadata
import json
import tempfile
from pathlib import Path

import mlflow

from peftline.adapters import own_format
from peftline.delivery.adapter import kind
from peftline.handles import BaseModelFolder

_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def register(adapter: Path, base: BaseModelFolder, experiment: str, recipe: str) -> None:
    """Log the adapter folder with the code that opens it, as a version of `<experiment>-<recipe>`.

    Args:
        experiment: of MLflow, so that tests make no versions of what is in use.
    """
    own = own_format.has_kind(kind(adapter))  # which PEFT alone cannot open
    needed = (*_PACKAGES, "peftline") if own else _PACKAGES
    with tempfile.TemporaryDirectory() as folder:
        # A file, not `model_config`: MLflow shows that one as a parameter of the run, and a path
        # of this machine is none.
        place = Path(folder) / "base_model.json"
        facts = {"path": str(base.path), "id": base.id}
        place.write_text(json.dumps(facts), encoding="utf-8")
        mlflow.pyfunc.log_model(
            name="adapter_model",
            python_model=str(Path(__file__).with_name("serve.py")),
            artifacts={"adapter": str(adapter), "base_model": str(place)},
            pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in needed],
            registered_model_name=f"{experiment}-{recipe}",
        )
