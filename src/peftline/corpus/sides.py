"""Which example stands on which side: whole groups, by hash or as the source has set."""

import logging

import numpy

from peftline.formats.example import SIDES

FREE = len(SIDES)  # the side of a row for which the source has set none
_TRAIN = SIDES.index("train")
# Of a small data set, the test split takes at most a quarter and validation a tenth.
_LARGEST_SHARES = {"test": 0.25, "validation": 0.1}

logger = logging.getLogger(__name__)


def assign(
    order: numpy.ndarray, given: numpy.ndarray, validation_rows: int, test_rows: int
) -> numpy.ndarray:
    """Give each example its side, as an index into `SIDES`.

    Whole groups go, in the order of their hash, to the test split until it is full, then to
    validation, then to training. Sides that the source has set are kept, count towards what is
    wanted, and hold for all of the group. If it has set several for one group, all of that stands
    where it is furthest from training: in the test split if any of it is. A side that the source
    leaves out, though it sets those of all rows, is taken from its training rows. Some 50 bytes
    a row are held.

    Args:
        order: uint64 per example, the hash of its group.
        given: int8 per example, the side that the source has set, or `FREE`.
    """
    groups, member_of, sizes = numpy.unique(order, return_inverse=True, return_counts=True)
    side_of = numpy.full(len(groups), -1, dtype=numpy.int8)
    is_set = given != FREE
    numpy.maximum.at(side_of, member_of[is_set], given[is_set])  # test is the last of SIDES
    moved = int((side_of[member_of[is_set]] != given[is_set]).sum())
    if moved:
        logger.warning("Groups on several sides: %d rows go where the others are held out.", moved)
    wanted = {"test": test_rows, "validation": validation_rows}
    present = {side: int(sizes[side_of == SIDES.index(side)].sum()) for side in wanted}
    if (side_of >= 0).all():
        wanted = {side: 0 if present[side] else wanted[side] for side in wanted}
        if any(wanted.values()):
            side_of[side_of == _TRAIN] = -1
    free = numpy.flatnonzero(side_of < 0)
    side_of[free] = _TRAIN
    rows = int(sizes[free].sum())
    room = {
        side: min(wanted[side] - present[side], int(rows * share))
        for side, share in _LARGEST_SHARES.items()
    }
    found = present["test"] + room["test"]
    if found < wanted["test"]:
        logger.warning("Test split: %d rows instead of %d; few data.", found, wanted["test"])
    for at in free:
        side = next((side for side in room if sizes[at] <= room[side]), None)
        if side:
            room[side] -= int(sizes[at])
            side_of[at] = SIDES.index(side)
        elif max(room.values()) <= 0:
            break
    return side_of[member_of]
