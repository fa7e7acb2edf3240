"""Rows of like length together, so that little of a batch is padding."""

from collections.abc import Sequence


def by_length(
    widths: Sequence[int],
    most_tokens: int,
    counts: Sequence[int] | None = None,
    most_counted: int = 0,
) -> list[list[int]]:
    """Indices in batches, the longest first: too large a batch fails at once.

    Args:
        widths: tokens of each row, with all that will be added to it.
        most_tokens: of a batch, with its padding; a single row may have more.
        counts: of each row, of what else a batch may not have too much.
        most_counted: so much of it; a single row may have more.
    """
    counts = counts or [0] * len(widths)
    batches: list[list[int]] = []
    width = counted = 0
    for at in sorted(range(len(widths)), key=lambda i: -widths[i]):
        fits = batches and (len(batches[-1]) + 1) * width <= most_tokens
        if fits and counted + counts[at] <= most_counted:
            batches[-1].append(at)
            counted += counts[at]
        else:
            width, counted = widths[at], counts[at]
            batches.append([at])
    return batches
