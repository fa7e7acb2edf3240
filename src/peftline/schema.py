"""The typed configuration that all recipes share, apart from the data."""

from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator

from peftline.config import Config, nearest
from peftline.errors import PeftlineError


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
    few_shot_draws: int = Field(3, ge=1, le=16)
    """So many sets of these examples are tried on the validation split, and the best answers the
    test split: which ones are shown matters as much as how many. With 1 nothing is tried."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of weights and arithmetic. `auto` is the native type, but float32 for a delivered adapter on
    a CPU, so that its answers can be repeated one by one."""
    metrics: Literal[
        "auto",
        "text",
        "tool_calls",
        "labels",
        "multiple_choice",
        "numeric",
        "refusal",
        "perplexity",
    ] = "auto"
    """How answers are scored, in `evaluation/metrics/`. `auto` takes `tool_calls` if all references
    are tool calls or refusals, else `text`. `multiple_choice` and `perplexity` let the model judge
    given answers instead of writing its own."""
    choices: list[str] | None = None
    """The possible answers of `multiple_choice`; null: all that occur in the test split."""
    validation: bool = False
    """Answer the validation split too, for choices that the test split must not make."""
    forgetting: bool = True
    """Measure the loss on a general text before and after training."""
    general_text: Path | None = None
    """That text: UTF-8, paragraphs separated by empty lines. By default a shipped one of 2,900
    English words."""
    latency: bool = True
    """Measure how fast the adapter answers, unmerged and merged."""
    run_deviation: float | None = Field(None, ge=0)
    """Standard deviation of the headline between runs of one recipe with other seeds, numbers of
    threads or machines, as it was measured before (0.03 are 3 points). A run's verdict names it."""
    quantized: bool = True
    """Score the adapter of a quantised recipe also beside the base that it was trained on, and in
    the same way beside the unquantised one."""
    memory_bytes: int | None = Field(None, ge=0)
    """What scoring may take of the device's memory; null: what is free when training has ended.
    Where the base in 16 bits needs more, an adapter is scored on the quantised base."""

    @model_validator(mode="after")
    def _choices_are_read(self) -> Self:
        """Raises ValueError: there are choices, and nothing would read them."""
        if self.choices is not None and self.metrics != "multiple_choice":
            raise ValueError(
                f"choices are for metrics=multiple_choice alone, and metrics is {self.metrics}. "
                "Set evaluation.metrics=multiple_choice, or leave evaluation.choices out."
            )
        return self


class Predict(Config):
    """One's own prompts for `--pipelines=predict`."""

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
        if key in _kinds(owner):
            owner = _kinds(owner)[key]  # pydantic names the chosen type of a union in the location
            continue
        keys.append(str(key))
        field = getattr(owner, "model_fields", {}).get(key)
        owner = owner if field is None else field.annotation
    name = ".".join([path, *keys])
    if item["type"] == "extra_forbidden":
        prefix = ".".join([path, *keys[:-1]])
        return unknown(name, [f"{prefix}.{field}" for field in owner.model_fields])
    if item["type"] == "value_error":  # of a validator of ours
        return f"{name}: {item['ctx']['error']}"
    if item["type"].startswith("union_tag"):  # `type` is none of those that there are, or absent
        given = item["input"].get("type") if isinstance(item["input"], dict) else item["input"]
        return (
            f"Parameter '{name}.type' is {given!r}: there are {', '.join(sorted(_kinds(owner)))}."
        )
    if item["type"] == "missing":
        return f"Parameter '{name}' is missing."
    return f"Parameter '{name}' is {item['input']!r}: {item['msg']}."


def _kinds(owner: Any) -> dict[str, type[BaseModel]]:
    """The members of a union by the value of their `type`; empty for what is no such union."""
    members = (one for one in get_args(owner) if "type" in getattr(one, "model_fields", {}))
    return {member.model_fields["type"].default: member for member in members}
