"""All runs under a root, as values."""

from typing import TYPE_CHECKING

from peftline.datasets.text import FileDataset

if TYPE_CHECKING:
    from peftline.comparison.runs import Runs


class RunsDataset(FileDataset):
    """The runs directly under a root, and those of a sweep there. Read only."""

    def load(self) -> "Runs":
        """Read summaries, histories and predictions.

        Raises:
            PeftlineError: no run is there.
        """
        from peftline.comparison import runs

        return runs.read(self._filepath)

    def save(self, data: object) -> None:
        """Refuse: recipes write runs."""
        raise NotImplementedError(f"{self._filepath} is read only; runs of recipes write it")
