"""In which order, and with which others in a step, the rows of an epoch come."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import LengthGroupedSampler


class ShuffledRows(Sampler[int]):
    """Rows in an order from seed and epoch alone, so that a resumed run goes on in it."""

    def __init__(self, rows: int, seed: int) -> None:
        """Args:
        rows: how many there are.
        seed: of the order.
        """
        self._rows, self._seed, self._epoch = rows, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, the one it resumes in included."""
        self._epoch = epoch

    def __len__(self) -> int:
        """The number of rows."""
        return self._rows

    def __iter__(self) -> Iterator[int]:
        """Row numbers."""
        generator = torch.Generator().manual_seed(self._seed + self._epoch)
        yield from torch.randperm(self._rows, generator=generator).tolist()


class ShuffledSteps(LengthGroupedSampler):
    """Rows of like length share a step; the steps come in an order from seed and epoch alone.

    transformers sorts up to 50 steps at a time from long rows to short ones and leaves them so:
    of tool calls a model sees the pairs of calls first and the refusals last, again and again. Its
    order also comes from the global generator, whose state at the beginning of an epoch no
    checkpoint has: a run resumed within an epoch would see some rows twice, others never.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        """Args:
        batch_size: rows of one optimizer step.
        lengths: of the rows, in tokens.
        seed: of the order.
        """
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, the one it resumes in included."""
        self.generator.manual_seed(self._seed + epoch)

    def __iter__(self) -> Iterator[int]:
        """Row numbers, step after step.

        The step with the longest row is the first, so that too little memory shows at once; a
        step that lacks rows is the last.
        """
        rows = list(super().__iter__())
        whole = len(rows) // self.batch_size
        steps = 1 + torch.randperm(max(whole - 1, 0), generator=self.generator)
        for step in [0, *steps.tolist()]:
            yield from rows[step * self.batch_size : (step + 1) * self.batch_size]
        yield from rows[max(whole, 1) * self.batch_size :]
