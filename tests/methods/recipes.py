"""The recipe files, and their sizes in these tests."""

from pathlib import Path

import yaml

from peftline.capabilities import TABLE, method
from peftline.recipe import Recipe

FILES = sorted((Path(__file__).parents[2] / "conf/base/parameters/recipes").glob("*.yml"))
VALUES = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))[file.stem] for file in FILES}
WHOLE = sorted(
    name for name, values in VALUES.items() if values["adapter"]["type"] in ("none", "relora")
)
ADAPTERS = sorted(set(VALUES) - set(WHOLE))
OWN = ("bottleneck", "adapter_fusion")
OF_PEFT = [n for n in ADAPTERS if VALUES[n]["adapter"]["type"] not in OWN]
FEW_STEPS = {"max_steps": 6, "batch_size": 8, "evaluations": 2, "checkpoints": 3}


def recipe_of(name, adapter=None, optimizer=None, quantization=None, **training):
    """A recipe file, with some settings replaced."""
    values = VALUES[name]
    if adapter:
        values = values | {"adapter": values["adapter"] | adapter}
    if optimizer:
        values = values | {"optimizer": values.get("optimizer", {"type": "adamw"}) | optimizer}
    if isinstance(quantization, str):
        values = values | {"quantization": {"type": quantization}}
    elif quantization:
        values = values | {"quantization": values["quantization"] | quantization}
    return Recipe(**values | {"training": values.get("training", {}) | FEW_STEPS | training})


def able(what, is_able=True):
    """The recipes with an adapter whose capability is, or is not, there."""
    return [n for n in ADAPTERS if getattr(TABLE[method(recipe_of(n).adapter)], what) is is_able]


def trainables(model):
    return {name: p for name, p in model.named_parameters() if p.requires_grad}
