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


Policy = Literal["drop", "raise"]


class Problems(Config):
    """What to do with rows that have a problem: leave them out and list them, or stop.

    The default stops: half a data set that is missing shows in no loss curve.
    """

    missing_field: Policy = "raise"
    """A field that the format needs is missing."""
    wrong_type: Policy = "raise"
    """A field is not what the format says, such as a number in place of a text."""
    unknown_role: Policy = "raise"
    """A turn is by somebody unknown."""
    turn_order: Policy = "raise"
    """Two turns of a user in a row, an assistant first, no answer at the end."""
    tool_results: Policy = "raise"
    """A call without its result, or a result without its call."""
    bad_tool_call: Policy = "raise"
    """A call whose arguments are no JSON object."""
    bad_tools: Policy = "raise"
    """Tools on offer that cannot be read."""
    bad_label: Policy = "raise"
    """A label that is no truth value (KTO) or no name of a class."""
    empty_prompt: Policy = "raise"
    """Nothing is asked."""
    empty_answer: Policy = "raise"
    """There is nothing to learn."""
    nul_character: Policy = "raise"
    """A text holds U+0000, which no tokenizer was trained on."""
    broken_characters: Policy = "raise"
    """Half a surrogate pair or U+FFFD: the text was decoded wrongly before it came here."""
    too_many_characters: Policy = "raise"
    """A row is longer than `max_characters`: most often two rows that have run together."""
    duplicate_id: Policy = "raise"
    """The id stands in an earlier row with another content."""


class Source(Config):
    """One data set, and which of its rows are taken."""

    source: str = "tool_calls"
    """`tool_calls`, a file (.json, .jsonl, .csv, .parquet, .arrow, .gz), a folder or a glob of
    such files, or a hub id."""
    format: Literal[
        "auto",
        "alpaca",
        "sharegpt",
        "messages",
        "prompt_completion",
        "text",
        "preference",
        "kto",
        "classification",
    ] = "auto"
    """How a row is read; `auto` decides by the fields of the first row."""
    columns: dict[str, str] = {}
    """Fields that have other names in the file, such as `{output: reply}`."""
    subset: str | None = None
    """Which configuration of a hub data set to take."""
    split: str = "train"
    """Which split of a hub data set to take."""
    revision: str | None = None
    """Revision of a hub data set."""
    max_rows: int | None = Field(None, ge=1)
    """Take at most so many rows of a file or hub data set, chosen by content hash."""
    weight: float | None = Field(None, gt=0)
    """Share in a mixture; no row is taken twice. The default takes all rows."""


class Data(Source):
    """Where examples come from, what is done about bad ones, and how they are split."""

    mixture: list[Source] = []
    """Several data sets, in place of `source` and the keys that go with it."""
    train_rows: int = Field(ge=1)
    """Rows that `tool_calls` generates for training."""
    validation_rows: int = Field(ge=1)
    """Rows for validation, generated or held out."""
    test_rows: int = Field(ge=1)
    """Rows for the test, generated or held out. At least 200 for an interval under +-7 points."""
    seed: int = 42
    """Which rows are generated or chosen, and how rows are split. Apart from the seed of training,
    so that runs with several seeds are scored on the same test examples."""
    problems: Problems = Field(default_factory=Problems)
    """What to do with bad rows."""
    max_characters: int = Field(200_000, ge=1)
    """Longest row; 200,000 characters are some 50,000 tokens."""
    group_key: str = "group"
    """Field whose value keeps rows together on one side of the split."""
    near_duplicates: Literal["keep", "group", "drop"] = "group"
    """Rows that are almost the same: leave them be, keep them on one side of the split, or keep
    the first only. Rows whose side the source has set are left be."""
    near_duplicate_similarity: float = Field(0.8, gt=0, lt=1)
    """Share of common word triples (Jaccard) from which two rows are near-duplicates. 0.8 is what
    Lee et al. 2022 (arXiv:2107.06499) and the data sets after it use."""
    benchmark: Path | None = None
    """A file whose rows must not stand in the training split; overlaps are reported."""

    @property
    def sources(self) -> list[Source]:
        """The data sets that are read."""
        own = {name: getattr(self, name) for name in Source.model_fields}
        return self.mixture or [Source(**own)]


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
