"""What a sweep says about its points: `sweep.json` in its root."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from peftline.errors import PeftlineError
from peftline.sweep.point import FILE, Chosen, Result


class Sweep(BaseModel):
    """A plan of runs and what became of each; more facts of a sweep are no matter here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

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
