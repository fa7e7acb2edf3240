"""Nodes of the base pipeline."""

from pathlib import Path

from peftline.handles import BaseModelFolder, BaseScores, Splits
from peftline.schema import BaseModelSource, Evaluation, Rendering


def materialise(base_model: BaseModelSource, store_root: str) -> BaseModelFolder:
    """Bring the base model into one plain folder."""
    from peftline.base_model.materialise import materialise as bring

    return bring(base_model, Path(store_root))


def score_base(
    base: BaseModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    store_root: str,
) -> tuple[BaseScores, list[dict], dict]:
    """What prompting alone achieves, zero-shot and few-shot, and what no model is needed for."""
    from peftline.evaluation import base as untrained

    scores = untrained.score_base(base, splits, rendering, evaluation, Path(store_root))
    return scores, *untrained.read(scores)
