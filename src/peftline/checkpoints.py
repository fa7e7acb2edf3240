"""Where a killed run goes on."""

import json
import logging
import shutil
from pathlib import Path

from peftline import capabilities, store
from peftline.schema import Recipe

logger = logging.getLogger(__name__)


def find_checkpoint(folder: Path, input_hash: str, recipe: Recipe) -> str | None:
    """The last checkpoint if it belongs to the same inputs; otherwise start afresh and say so."""
    marker = folder / "input_hash.txt"
    saved = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    saved = [path for path in saved if _is_whole(path)]
    same = saved and marker.exists() and marker.read_text() == input_hash
    if same and not capabilities.resumes(recipe):
        logger.warning("This method cannot go on from its checkpoints; starting afresh.")
        saved, same = [], False
    if same:
        logger.warning("Resuming from %s: the inputs are the same.", saved[-1].name)
        return str(saved[-1])
    if folder.exists():
        if saved:
            logger.warning(
                "The checkpoint in %s was made with other inputs; starting afresh.", folder
            )
        shutil.rmtree(folder)
    store.write_text(marker, input_hash)
    return None


def _is_whole(checkpoint: Path) -> bool:
    """Whether it was written to its end: the trainer state is what comes last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
