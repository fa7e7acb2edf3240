"""A batch in parts that fit into memory."""

from collections.abc import Iterator

import torch


def parts(batch: dict[str, torch.Tensor], tokens: int) -> Iterator[dict[str, torch.Tensor]]:
    """Rows of like length together, at most so many tokens at once; a longer row alone.

    Args:
        batch: `attention_mask` and others, each (rows, positions), padded on the right.
        tokens: positions of a part, with its padding.
    """
    lengths = batch["attention_mask"].sum(1)
    order = lengths.argsort(descending=True)
    while len(order):
        width = int(lengths[order[0]])
        rows = order[: max(1, tokens // width)]
        yield {name: tensor[rows, :width] for name, tensor in batch.items()}
        order = order[len(rows) :]
