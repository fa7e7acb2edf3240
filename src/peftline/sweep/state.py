"""What a sweep leaves in its folder, `sweep.json`: all its points, and what was chosen."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from peftline import store
from peftline.errors import PeftlineError
from peftline.sweep.point import Chosen, Result

FILE = "sweep.json"


class Sweep(BaseModel):
    """A plan of runs and what became of each; facts that another version wrote are no matter."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    asked: dict[str, Any] = {}
    """Recipes and what is tried, or the rungs of a ladder, as they were typed."""
    seeds: list[int] = []
    selection: str | None = None
    """What chooses among candidates, such as `validation_loss`."""
    tuning_share: float | None = None
    """Share of the training steps that a candidate is given."""
    base_sha256: str | None = None
    data_sha256: str | None = None
    parent_run: str | None = None
    """Of the tracking server."""
    wall_seconds: float = 0.0
    """Of all sittings."""
    points: list[Result] = []
    chosen: dict[str, Chosen] = {}
    outdated: list[Result] = []
    """Points whose inputs, or what was asked for, have changed since."""


def read(folder: Path) -> Sweep | None:
    """The sweep of a folder; None where there is none.

    Raises:
        PeftlineError: the file is none that a sweep writes.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        return Sweep.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PeftlineError(
            f"{file}: {where}: {first['msg']}. Take the file away and run the sweep "
            "again: what it has finished is not run again."
        ) from error


def write(folder: Path, sweep: Sweep) -> None:
    """Write a sweep into its folder.

    Raises:
        PeftlineError: the disk is full; the file is as it was before.
    """
    store.write_text(folder / FILE, sweep.model_dump_json(indent=2) + "\n")
