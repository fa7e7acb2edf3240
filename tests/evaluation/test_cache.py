"""The oracle is transformers' own growing cache."""

import copy

import pytest
import torch
from transformers import DynamicCache

from peftline.evaluation import cache as module
from peftline.evaluation.cache import roomy_cache


def states(rows, tokens):
    return torch.randn(rows, 3, tokens, 4)


@pytest.fixture
def caches(monkeypatch):
    monkeypatch.setattr(module, "ROOM", 3)
    return roomy_cache(), DynamicCache()


def update_all(caches, rows, tokens):
    for layer in range(2):
        keys, values = states(rows, tokens), states(rows, tokens)
        ours, theirs = [cache.update(keys, values, layer) for cache in caches]
        assert torch.equal(ours[0], theirs[0]) and torch.equal(ours[1], theirs[1])
    assert caches[0].get_seq_length() == caches[1].get_seq_length()
    assert caches[0].get_mask_sizes(1, 0) == caches[1].get_mask_sizes(1, 0)


def test_it_holds_what_the_growing_cache_holds(caches):
    for tokens in (5, 1, 1, 1, 1, 1, 4, 1):  # over the room, within it, and over it again
        update_all(caches, 2, tokens)


def test_rows_can_be_repeated_and_left_out_between_updates(caches):
    update_all(caches, 1, 5)
    for cache in caches:
        cache.batch_repeat_interleave(4)
    update_all(caches, 4, 2)
    update_all(caches, 4, 1)
    for cache in caches:
        cache.batch_select_indices(torch.tensor([0, 3]))
    for _ in range(5):
        update_all(caches, 2, 1)


def test_a_copy_does_not_write_into_the_original(caches):
    update_all(caches, 1, 5)
    held = caches[0].layers[0].keys.clone()
    for _ in range(2):
        update_all(copy.deepcopy(caches), 1, 1)
    assert torch.equal(caches[0].layers[0].keys, held)
    update_all(caches, 1, 1)


def test_within_its_room_nothing_is_copied(caches):
    update_all(caches, 1, 5)
    before = caches[0].layers[0].keys.data_ptr()
    for _ in range(3):
        update_all(caches, 1, 1)
    assert caches[0].layers[0].keys.data_ptr() == before
    update_all(caches, 1, 1)
    assert caches[0].layers[0].keys.data_ptr() != before
