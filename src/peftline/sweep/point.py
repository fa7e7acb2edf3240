"""One run of a sweep, and what came of it."""

from typing import Any, Literal

from peftline.config import Config

LOSS = "validation_loss"
"""What decides between settings by default; other selections are metrics."""


class Point(Config):
    """What one run is about."""

    stage: Literal["tuning", "final"]
    """`tuning`: shortened, scored on validation, leaves no model. `final`: a whole run with the
    settings that were chosen; it alone reads the test split."""
    recipe: str
    seed: int
    settings: dict[str, Any] = {}
    """What differs from the recipe's file, by dotted names within the recipe."""


class Chosen(Config):
    """The settings that a recipe is run whole with."""

    settings: dict[str, Any] = {}
    candidates: int
    """How many were tried; with one, nothing was tuned."""
    edges: dict[str, Literal["largest", "smallest"]] = {}
    """Settings that are the end of the numbers that were tried."""


class Result(Point):
    """A point that has been run, or will be."""

    hash: str
    """Of all that the run depends on; the folder of its results has this name."""
    status: Literal["finished", "failed", "waiting"] = "waiting"
    seconds: float | None = None
    """Of the whole run, from the start of its process."""
    train_seconds: float | None = None
    steps: int | None = None
    score: float | None = None
    """On validation: the loss, or of tuning the metric that the sweep selects by."""
    error: str | None = None
    """Why it failed."""
    folder: str
    """Of its results, within the sweep's."""
