"""The typed configuration: what a recipe is, and what recipes share apart from the data."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError

from peftline.adapters import Adapter
from peftline.config import Config
from peftline.errors import PeftlineError
from peftline.objectives import Objective
from peftline.optimizers import AdamW
from peftline.quantization import NF4, NoQuantization
from peftline.training import Training


class Recipe(Config):
    """A point on five axes: objective x adapter x quantization x optimizer x training."""

    objective: Objective = Field(default_factory=Objective)
    """What is optimised, on which kind of data."""
    adapter: Adapter
    """Which parameters are added and trained."""
    quantization: Annotated[NoQuantization | NF4, Field(discriminator="type")] = Field(
        default_factory=NoQuantization
    )
    """How the frozen base is held in memory during training."""
    optimizer: AdamW = Field(default_factory=AdamW)
    """How gradients become steps."""
    training: Training = Field(default_factory=Training)
    """Steps, batch, schedule."""


class Rendering(Config):
    """How an example becomes tokens. Shared by all recipes, so that they train on the same."""

    format: Literal["chat", "alpaca"] = "chat"
    """The model's own chat template, or the plain Alpaca prompt."""
    max_length_tokens: int = Field(512, ge=16)
    """Longest example."""
    too_long: Literal["drop", "truncate_prompt", "truncate_answer", "raise"] = "drop"
    """What happens to longer ones: left out; the longest turn of the prompt loses its beginning;
    the end is cut, and no end token put in its place; or the run stops. All are counted and
    listed."""


class BaseModelSource(Config):
    """Which model is fine-tuned."""

    source: str = "smollm2"
    """`smollm2` (embedded), `tiny` (random, for tests), a folder, or a hub id."""
    revision: str | None = None
    """Revision of a hub id."""


class Evaluation(Config):
    """How models answer the test split. The same for every recipe, and but for `dtype: auto` for
    the base."""

    max_new_tokens: int = Field(128, ge=1)
    """An answer is cut there; a model that needs more does not stop by itself."""
    batch_tokens: int = Field(32768, ge=1)
    """Prompts and answers generated together, counted with padding. Bounds the KV cache."""
    few_shot: int = Field(3, ge=0, le=16)
    """Training examples shown to the base model before each test prompt."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of weights and arithmetic. `auto` is the native type, but float32 for a delivered adapter on
    a CPU, so that its answers can be repeated one by one."""
    metrics: Literal["auto", "tool_calls", "text"] = "auto"
    """`auto` takes `tool_calls` if all references are tool calls or refusals."""


class Predict(Config):
    """One's own prompts for `--pipeline=predict`."""

    input: Path | None = None
    """JSONL (`prompt`, or `instruction` and `input`) or text (a prompt a line)."""
    recipe: str
    """Whose adapter answers."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """As in `Evaluation`."""
    max_new_tokens: int = Field(128, ge=1)
    """An answer is cut there."""


def problems(model: type[BaseModel], values: Any, path: str) -> list[str]:
    """All that is wrong with `values`, each with its full dotted path; empty if nothing is."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [_explain(model, path, item) for item in error.errors()]
    return []


def unknown(name: str, known: list[str]) -> str:
    """The message for a name that nobody reads."""
    return f"Unknown parameter '{name}'. {nearest(name, known)}"


def nearest(name: str, known: list[str]) -> str:
    """The known name that a wrong one resembles, or all of them."""
    found = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean '{found[0]}'?" if found else f"Known: {', '.join(sorted(known))}."


def raise_all(found: list[str]) -> None:
    """Report problems of one kind together.

    Raises:
        PeftlineError: there are any.
    """
    if found:
        raise PeftlineError("\n".join(dict.fromkeys(found)))


def _explain(model: type[BaseModel], path: str, item: Any) -> str:
    owner, keys = model, []
    for key in item["loc"]:
        variant = _variant(owner, key)
        if variant is not None:
            owner = variant  # pydantic names the chosen type of a union in the location
            continue
        keys.append(str(key))
        field = getattr(owner, "model_fields", {}).get(key)
        owner = owner if field is None else field.annotation
    name = ".".join([path, *keys])
    if item["type"] == "extra_forbidden":
        prefix = ".".join([path, *keys[:-1]])
        return unknown(name, [f"{prefix}.{field}" for field in owner.model_fields])
    if item["type"] == "missing":
        return f"Parameter '{name}' is missing."
    return f"Parameter '{name}' is {item['input']!r}: {item['msg']}."


def _variant(owner: Any, key: Any) -> Any:
    for variant in get_args(owner):
        if getattr(variant, "model_fields", {}).get("type") is not None:
            if variant.model_fields["type"].default == key:
                return variant
    return None
