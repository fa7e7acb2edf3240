"""The typed configuration of the data: sources, what is done about bad rows, splits."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from peftline.config import Config

Policy = Literal["drop", "raise"]


class Problems(Config):
    """What to do with rows that have a problem: leave them out and list them, or stop.

    The default stops: half a data set that is missing shows in no loss curve.
    """

    missing_field: Policy = "raise"
    """A field that the format needs is missing."""
    wrong_type: Policy = "raise"
    """A field is not what the format says, such as a number in place of a text."""
    other_format: Policy = "raise"
    """With `format: auto`, a row that has what another format needs and the one of its source does
    not read, such as the label or the worse answer of a pair that would be taught otherwise."""
    unknown_role: Policy = "raise"
    """A turn is by somebody unknown."""
    turn_order: Policy = "raise"
    """Two turns of a user in a row, an assistant first, no answer at the end."""
    tool_results: Policy = "raise"
    """A call without its result, or a result without its call; ids that do not fit."""
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
    equal_answers: Policy = "raise"
    """The better and the worse answer of a preference are the same."""
    nul_character: Policy = "raise"
    """A text holds U+0000, which no tokenizer was trained on."""
    broken_characters: Policy = "raise"
    """Half a surrogate pair or U+FFFD: the text was decoded wrongly before it came here."""
    too_many_characters: Policy = "raise"
    """A row is longer than `max_characters`: most often two rows that have run together."""
    duplicate_id: Policy = "raise"
    """The id stands in an earlier row of the same file with another content."""


class Source(Config):
    """One data set, and which of its rows are taken."""

    source: str = "tool_calls"
    """`tool_calls`, a file (.json, .jsonl, .ndjson, .csv, .parquet, .arrow, .gz), a folder or a
    glob of such files, or a hub id. What `datasets` has saved as several splits keeps these."""
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
    """How a row is read; `auto` decides by the fields of the first row that has a known one."""
    columns: dict[str, str] = {}
    """Fields that have other names in the file, such as `{output: reply}`."""
    subset: str | None = None
    """Which configuration of a hub data set to take."""
    split: str = "train"
    """Which split of a hub data set to take."""
    revision: str | None = None
    """Branch, tag or commit of a hub data set. Each run asks the hub which commit that is now."""
    max_rows: int | None = Field(None, ge=1)
    """Take at most so many rows of a file or hub data set, chosen by content hash."""
    weight: float | None = Field(None, gt=0)
    """Share in a mixture; no row is taken twice. The default takes all rows."""


class Data(Source):
    """Where examples come from, what is done about bad ones, and how they are split."""

    mixture: list[Source] = []
    """Several data sets, in place of `source` and the keys that go with it; `max_rows` holds for
    those that have none of their own."""
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
    """Field whose value keeps rows together on one side of the split. Rows may lack the field;
    a name that no row has is refused, but for the default."""
    near_duplicates: Literal["keep", "group", "drop"] = "group"
    """Rows that are almost the same: leave them be, keep them on one side of the split, or keep
    the first only. Rows that the source has set aside for validation or test are left be, and
    so are all rows if it has set the side of each and uses all three."""
    near_duplicate_similarity: float = Field(0.8, gt=0, lt=1)
    """Share of common word triples (Jaccard; of characters, in scripts without blanks) from which
    two rows are near-duplicates. 0.8 is what Lee et al. 2022 (arXiv:2107.06499) and the data sets
    after it use."""
    benchmark: Path | None = None
    """A file whose rows must not stand in the training split; overlaps are reported."""

    @model_validator(mode="after")
    def _mixture_stands_alone(self) -> Self:
        """Raises ValueError: there is a mixture, and keys beside it that nothing would read."""
        default = Source()
        names = set(Source.model_fields) - {"max_rows"}
        beside = [
            name
            for name in sorted(names)
            if self.mixture and getattr(self, name) != getattr(default, name)
        ]
        if beside:
            raise ValueError(
                f"{', '.join(beside)}: not read beside data.mixture. Put them into its entries."
            )
        return self

    @property
    def sources(self) -> list[Source]:
        """The data sets that are read."""
        own = {name: getattr(self, name) for name in Source.model_fields}
        limit = {"max_rows": self.max_rows}
        entries = [
            one if one.max_rows is not None else one.model_copy(update=limit)
            for one in self.mixture
        ]
        return entries or [Source(**own)]
