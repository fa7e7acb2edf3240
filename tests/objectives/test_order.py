"""Batches of like length in a random order, the same one whenever a run is resumed."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from peftline.objectives.order import ShuffledSteps

BATCH_SIZE = 8
LENGTHS = [20 + at * 37 % 200 for at in range(400)]


def steps_of(lengths):
    return [lengths[at : at + BATCH_SIZE] for at in range(0, len(lengths), BATCH_SIZE)]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=70), st.integers(1, 9), st.integers(0, 9))
def test_every_row_comes_once(lengths, batch_size, seed):
    order = list(ShuffledSteps(batch_size, lengths, seed))
    assert sorted(order) == list(range(len(lengths)))


def test_the_order_follows_from_seed_and_epoch_alone():
    orders = []
    for _ in range(2):
        torch.rand(3)  # other code draws random numbers, as an evaluation or a checkpoint may
        sampler = ShuffledSteps(BATCH_SIZE, LENGTHS, seed=42)
        of_run = []
        for epoch in range(3):
            sampler.set_epoch(epoch)
            of_run.append(list(sampler))
        orders.append(of_run)
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1] != orders[0][2]


def test_rows_of_like_length_share_a_step():
    def padding(lengths):
        return sum(BATCH_SIZE * max(step) - sum(step) for step in steps_of(lengths))

    order = [LENGTHS[row] for row in ShuffledSteps(BATCH_SIZE, LENGTHS, seed=42)]
    assert padding(order) < 0.3 * padding(LENGTHS)
    assert max(order[:BATCH_SIZE]) == max(LENGTHS), "too little memory shows at once"


@pytest.mark.parametrize("seed", [1, 2, 42])
def test_steps_of_long_and_of_short_rows_are_mixed(seed):
    order = [LENGTHS[row] for row in ShuffledSteps(BATCH_SIZE, LENGTHS, seed)]
    longest = [max(step) for step in steps_of(order)]
    falls = sum(one > other for one, other in pairwise(longest)) / (len(longest) - 1)
    assert 0.3 < falls < 0.7, "0.9 where steps are left as they were sorted"
