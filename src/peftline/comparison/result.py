"""What a comparison says: typed, and one JSON value."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from peftline.evaluation.statistics.intervals import means

Cost = Literal[
    "trainable_parameters",
    "adapter_bytes",
    "peak_memory_bytes",
    "train_seconds",
    "seconds_per_token",
    "forgetting",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(_Part):
    """A value with its 95 % interval; null where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    groups: int = 0
    """In which the n examples lie."""
    effective_groups: float = 0.0
    """Groups of equal size that would weigh as much."""
    design_effect: float | None = None
    """Variance, over that of as many independent examples."""
    no_verdict: str | None = None
    """Why nothing is to be concluded from it."""


class Costs(_Part):
    """Means over seeds; null where one does not apply or was not measured."""

    trainable_parameters: float | None = None
    adapter_bytes: float | None = None
    peak_memory_bytes: float | None = None
    train_seconds: float | None = None
    tokens_per_second: float | None = None
    """In training."""
    unmerged_tokens_per_second: float | None = None
    """Of an answer, with the adapter beside the base."""
    merged_tokens_per_second: float | None = None
    """Of an answer, with the adapter merged, or of a whole model."""
    seconds_per_token: float | None = None
    """Of an answer, as it is served best: merged where it can be."""
    forgetting: float | None = None
    """How much the loss per token on general text has risen."""


class Row(_Part):
    """A recipe, or a way to do without training."""

    name: str
    kind: Literal["recipe", "base"]
    recipe: str | None = None
    varied: dict[str, Any] = {}
    """What a sweep has set besides the recipe's file."""
    seeds: list[int] = []
    metric: Metric | None
    """The headline metric: mean over seeds; the interval is about other test examples."""
    seed_values: list[float] = []
    seed_deviation: float | None = None
    """Standard deviation of the metric over seeds; null with one."""
    metrics: dict[str, float | None] = {}
    """All metrics, means over seeds."""
    validation_loss: float | None = None
    tuned: bool = False
    candidates: int | None = None
    """How many settings were tried for it; null where no sweep says so."""
    at_edge: bool = False
    """Whether the best of them was the largest or smallest, so that one beyond may be better."""
    costs: Costs = Costs()
    forgetting: Metric | None = None
    """With its interval where there is one seed."""
    delivers: str = ""
    about: str = ""
    """What the method is, and the paper that it comes from."""
    notes: list[str] = []
    health: list[dict[str, Any]] = []
    """What was found in the course of training, with the seed."""
    settings: dict[str, Any] | None = None
    quantized: float | None = None
    """The headline metric with the adapter beside the quantised base that it was trained on; mean
    over seeds."""
    unquantized: float | None = None
    """The same beside the unquantised base."""
    scores: list[list[float]] = Field([], exclude=True, repr=False)
    """For each seed, of each example, in one order for all rows; one list for what was not trained,
    none where examples were not scored one by one. For the tests alone: not in JSON."""

    @property
    def values(self) -> list[float]:
        """Of each example: mean over seeds."""
        return means(self.scores)


class Pair(_Part):
    """Two rows on the same test examples."""

    a: str
    b: str
    difference: Metric
    """a - b, at the seeds that both ran with; its interval is about other seeds too, where they
    have a spread of their own."""
    seeds: list[int] = []
    """That both ran with; empty where they share none, then each is the mean over its own."""
    p_value: float
    adjusted_p_value: float
    """By Holm, over all pairs; against the best, by Bonferroni over those comparisons."""
    differing_groups: int
    """Of test examples, in which the two do not score the same."""
    not_testable: str | None = None
    """Why no difference of theirs could be significant among so many comparisons."""
    minimum_detectable_difference: float | None
    """Of this comparison alone; null where the two never differ."""
    minimum_detectable_among_all: float | None = None
    """As one of the comparisons of a row with all others."""


class Detectable(_Part):
    """Minimum detectable differences between recipes: medians over their pairs."""

    alone: float
    """Of a pair as if it were the only one."""
    to_best: float
    """Of one of the comparisons of all rows with the best."""
    alone_by_seeds: dict[int, float]
    """Of pairs alone, by the number of seeds that both have."""


class Deviation(_Part):
    """A standard deviation of the headline metric between seeds, pooled over recipes."""

    observed: float
    own: float
    """What would remain of it with ever more test examples."""
    degrees_of_freedom: int
    is_known: bool
    """Well enough to be a part of tests."""


class SeedSpread(_Part):
    """How far seeds move what is found."""

    recipes: int
    """With several seeds, whose scores differ."""
    of_results: Deviation
    of_differences: Deviation | None
    """Of two recipes at equal seeds; null where no two have several equal ones."""


class Comparison(_Part):
    """All rows of a root, and what can be said about them."""

    root: str
    verdict: list[str]
    headline: str | None
    higher_is_better: bool = True
    is_share: bool = True
    rows: list[Row]
    """Best first."""
    example_ids: list[str] = Field([], exclude=True, repr=False)
    """Of the test examples, in the order of each row's `scores`. Not in JSON."""
    example_groups: list[str] = Field([], exclude=True, repr=False)
    """The group of each of them. Not in JSON."""
    groups: int = 0
    """Of test examples; 0 where these were not scored one by one."""
    effective_groups: float = 0.0
    """Groups of equal size that would weigh as much."""
    no_verdict: str | None = None
    """Why nothing can be concluded: the groups are too few."""
    pairs: list[Pair]
    only_by_rows: list[tuple[str, str]] = []
    """Better and worse row of pairs that would differ significantly if no two examples belonged
    together."""
    best: str | None
    against_best: dict[str, Pair] = {}
    """Each other row minus the best, adjusted for these comparisons alone."""
    best_group: list[str]
    """The best recipe, and those that are not significantly worse. One may be significantly better
    at the seeds that both have."""
    minimum_detectable: Detectable | None
    """Null without two recipes whose examples were scored one by one."""
    seed_spread: SeedSpread | None = None
    """Null if no recipe ran with several seeds, or examples were not scored one by one."""
    pareto: dict[Cost, list[str]]
    """By cost: recipes that no other beats in quality and cost at once."""
    failures: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    notes: list[str]
    data: dict[str, Any]
    base_model: dict[str, Any]
    rendering: dict[str, Any]
    versions: dict[str, list[str]]
    """By library: all versions that runs were made with."""
    git_shas: list[str]
    machine: str | None = None
    """That seconds, memory and speeds are of, in words; null where runs do not say."""
    sweep: dict[str, Any] | None
    """Name, how settings were chosen, and how long all of it took."""

    @property
    def has_groups(self) -> bool:
        """Whether test examples belong together, so that they are fewer than they look."""
        return any(row.metric and 0 < row.metric.groups < row.metric.n for row in self.rows)

    def row(self, name: str) -> Row:
        """The row of a name."""
        return next(row for row in self.rows if row.name == name)
