"""Nodes of the predict pipeline."""

from peftline.handles import AdapterFolder, BaseModelFolder, ModelFolder
from peftline.schema import Predict


def predict(
    base: BaseModelFolder, adapter: AdapterFolder | ModelFolder, settings: Predict
) -> tuple[list[dict], str]:
    """Answer one's own prompts with the base and with the adapter, side by side."""
    from peftline.predict import predict as answer
    from peftline.reports.side_by_side import page

    rows = answer(base, adapter, settings)
    return rows, page(rows, base, adapter)
