"""What a sweep says about its points: `sweep.json` in its root."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from peftline.errors import PeftlineError
from peftline.sweep.point import FILE, Result


class _Record(BaseModel):
    """Read only; a sweep may say more than a comparison needs."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Chosen(_Record):
    """The settings with which a recipe is compared."""

    settings: dict[str, Any] = {}
    candidates: int
    """How many settings were tried; with one, nothing was tuned."""


class Sweep(_Record):
    """A plan of runs and what became of each."""

    name: str
    selection: str | None = None
    """What chose among candidates, such as `validation_loss`."""
    tuning_share: float | None = None
    """Share of the training steps that a candidate is given."""
    wall_seconds: float | None = None
    points: list[Result] = []
    outdated: list[Result] = []
    chosen: dict[str, Chosen] = {}


def read(root: Path) -> Sweep | None:
    """The sweep of a root; None where there is none.

    Raises:
        PeftlineError: the file is none that a sweep writes.
    """
    file = root / FILE
    if not file.is_file():
        return None
    try:
        return Sweep.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PeftlineError(
            f"{file}: {where}: {first['msg']}. Run the sweep again, or take the file away to "
            "compare the runs that lie directly under this folder."
        ) from error
