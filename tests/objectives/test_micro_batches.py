"""A batch in parts: all rows, none cut, as few parts as the tokens allow."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from peftline.objectives.collate import PadRight
from peftline.objectives.micro_batches import parts

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=20)


def batch_of(lengths):
    rows = ([at] * length for at, length in enumerate(lengths))
    return PadRight(255)([{"input_ids": row, "labels": row} for row in rows])


@given(LENGTHS, st.integers(1, 100))
def test_every_token_comes_once(lengths, tokens):
    made = list(parts(batch_of(lengths), tokens))
    kept = [part["attention_mask"].bool() for part in made]
    ids, labels = (
        torch.cat([part[name][mask] for part, mask in zip(made, kept, strict=True)])
        for name in ("input_ids", "labels")
    )
    assert ids.bincount(minlength=len(lengths)).tolist() == lengths
    assert torch.equal(ids, labels)


@given(LENGTHS, st.integers(1, 100))
def test_a_part_has_so_many_tokens_or_a_single_row(lengths, tokens):
    for part in parts(batch_of(lengths), tokens):
        assert part["input_ids"].numel() <= tokens or len(part["input_ids"]) == 1
        assert part["attention_mask"].any(0).all(), "a column of nothing but padding"


def test_what_fits_stays_together():
    batch = batch_of([3, 5, 4])
    (part,) = parts(batch, 15)
    assert part["input_ids"].shape == (3, 5)
