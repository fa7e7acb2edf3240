"""The typed configuration: what a recipe is, and the settings that all recipes share."""

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


class Data(Config):
    """Where examples come from and how they are split."""

    source: str = "tool_calls"
    """`tool_calls`, a file (.json, .jsonl), a folder of such files, or a hub id."""
    format: Literal["auto", "alpaca"] = "auto"
    """How a row is read."""
    split: str = "train"
    """Which split of a hub data set to take."""
    revision: str | None = None
    """Revision of a hub data set."""
    max_rows: int | None = Field(None, ge=1)
    """Take at most so many rows of a file or hub data set, chosen by content hash."""
    train_rows: int = Field(ge=1)
    """Rows that `tool_calls` generates for training."""
    validation_rows: int = Field(ge=1)
    """Rows for validation, generated or held out."""
    test_rows: int = Field(ge=1)
    """Rows for the test, generated or held out. At least 200 for an interval under +-7 points."""
    seed: int = 42
    """Which rows are generated and how rows are split. Apart from the seed of training, so that
    runs with several seeds are scored on the same test examples."""
    empty_answer: Literal["drop", "raise"] = "raise"
    """What to do with a row whose answer is empty."""


class Rendering(Config):
    """How an example becomes tokens. Shared by all recipes, so that they train on the same."""

    format: Literal["chat", "alpaca"] = "chat"
    """The model's own chat template, or the plain Alpaca prompt."""
    max_length_tokens: int = Field(512, ge=16)
    """Longer examples are left out of training, counted and listed."""


class BaseModelSource(Config):
    """Which model is fine-tuned."""

    source: str = "smollm2"
    """`smollm2` (embedded), `tiny` (random, for tests), a folder, or a hub id."""
    revision: str | None = None
    """Revision of a hub id."""


class Evaluation(Config):
    """How models answer the test split. The same for the base and for every recipe."""

    max_new_tokens: int = Field(128, ge=1)
    """An answer is cut there; a model that needs more does not stop by itself."""
    batch_tokens: int = Field(16384, ge=1)
    """Prompts and answers generated together, counted with padding. Bounds the KV cache."""
    few_shot: int = Field(3, ge=0, le=16)
    """Training examples shown to the base model before each test prompt."""
    metrics: Literal["auto", "tool_calls", "text"] = "auto"
    """`auto` takes `tool_calls` if all references are tool calls or refusals."""


class Predict(Config):
    """One's own prompts for `--pipeline=predict`."""

    input: Path | None = None
    """JSONL (`prompt`, or `instruction` and `input`) or text (a prompt a line)."""
    recipe: str
    """Whose adapter answers."""
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
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else f" Known: {', '.join(sorted(known))}."
    return f"Unknown parameter '{name}'.{hint}"


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
