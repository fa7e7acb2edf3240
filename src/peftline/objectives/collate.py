"""Batches of tokenised examples."""

from collections.abc import Sequence
from typing import Any

import torch

from peftline.labels import IGNORED


class PadRight:
    """Pad rows on the right, by position: a label is ignored because nothing stands there.

    Never by id: where the padding token is the end token, masking by id would take the loss from
    every end token, and the model would never learn to stop.
    """

    def __init__(self, pad_id: int) -> None:
        """Args:
        pad_id: fills `input_ids`; any valid id will do, since it is masked everywhere.
        """
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return `input_ids`, `attention_mask` and `labels`, each (rows, longest row)."""
        width = max(len(row["input_ids"]) for row in rows)
        input_ids = torch.full((len(rows), width), self.pad_id)
        attention_mask = torch.zeros(len(rows), width, dtype=torch.long)
        labels = torch.full((len(rows), width), IGNORED)
        for at, row in enumerate(rows):
            length = len(row["input_ids"])
            input_ids[at, :length] = torch.as_tensor(row["input_ids"])
            attention_mask[at, :length] = 1
            labels[at, :length] = torch.as_tensor(row["labels"])
        return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}
