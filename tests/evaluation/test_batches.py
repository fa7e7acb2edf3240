from hypothesis import given
from hypothesis import strategies as st

from peftline.evaluation.batches import by_length

ROWS = st.lists(st.tuples(st.integers(1, 120), st.integers(0, 40)), max_size=30)


def test_batches_stay_below_the_limit_longest_first():
    assert by_length([15, 50, 20, 48, 11], 100) == [[1, 3], [2, 0, 4]]
    assert by_length([500, 5], 100) == [[0], [1]]  # larger than the limit: alone
    assert by_length([], 100) == []


def test_a_batch_has_a_second_limit():
    counts = [10, 10, 10, 10, 31, 1, 1]
    assert by_length([20, 20, 20, 20, 31, 20, 61], 100, counts, 30) == [[6], [4], [0, 1, 2], [3, 5]]


@given(ROWS)
def test_every_row_stands_in_one_batch_within_both_limits(rows):
    widths, counts = [width for width, _ in rows], [count for _, count in rows]
    batches = by_length(widths, 100, counts, 30)
    assert sorted(at for batch in batches for at in batch) == list(range(len(rows)))
    for batch in batches:
        if len(batch) > 1:
            assert len(batch) * max(widths[at] for at in batch) <= 100
            assert sum(counts[at] for at in batch) <= 30
