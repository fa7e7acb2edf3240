"""Adapters and merged models: saved as models, loaded as light handles."""

from typing import TYPE_CHECKING

from peftline.adapters.folder import CONFIG
from peftline.datasets.text import FileDataset, JSONPreview
from peftline.handles import AdapterFolder, MergedFolder, ModelFolder

if TYPE_CHECKING:
    from peftline.delivery.merge import MergedModel
    from peftline.trained import TrainedModel


class AdapterDataset(FileDataset):
    """A standard PEFT folder."""

    def load(self) -> AdapterFolder:
        """Describe the saved adapter; its weights stay on disk."""
        from peftline.delivery import adapter

        return adapter.describe(self._filepath)

    def save(self, data: "TrainedModel") -> None:
        """Write the adapter of a trained model."""
        from peftline.delivery import adapter

        adapter.save(data, self._written)

    def _exists(self) -> bool:
        return (self._filepath / CONFIG).exists()

    def preview(self) -> JSONPreview:
        """The adapter's configuration."""
        return JSONPreview((self._filepath / CONFIG).read_text(encoding="utf-8"))


class CausalLMDataset(FileDataset):
    """A plain transformers folder."""

    def load(self) -> "MergedFolder | ModelFolder":
        """Describe the saved model; its weights stay on disk."""
        from peftline.delivery import model

        return model.describe(self._filepath)

    def save(self, data: "MergedModel | TrainedModel") -> None:
        """Write model and tokenizer."""
        from peftline.delivery import model

        model.save(data, self._written)

    def _exists(self) -> bool:
        return (self._filepath / "config.json").exists()

    def preview(self) -> JSONPreview:
        """The model's configuration."""
        return JSONPreview((self._filepath / "config.json").read_text(encoding="utf-8"))


class TrainedDataset(FileDataset):
    """What a recipe has trained, whichever it is: an adapter, or the whole model."""

    def load(self) -> "AdapterFolder | ModelFolder":
        """Describe it; a recipe without an adapter has its model in `merged`.

        Raises:
            PeftlineError: the recipe has not been run.
        """
        from peftline.delivery import adapter, model

        if (self._filepath / "merged" / adapter.IDENTITY).exists():
            return model.describe(self._filepath / "merged")
        return adapter.describe(self._filepath / "adapter")

    def save(self, data: object) -> None:
        """Refuse: `predict` reads it, and the entries `adapter` and `merged` write it."""
        raise NotImplementedError(f"{self._filepath} is read only; a recipe's own entries write it")
