"""Adapters and merged models: saved as models, loaded as light handles."""

from typing import TYPE_CHECKING

from peftline import store
from peftline.datasets.text import FileDataset, JSONPreview
from peftline.handles import AdapterFolder, MergedFolder

if TYPE_CHECKING:
    from peftline.delivery.merge import MergedModel
    from peftline.fine_tune import TrainedAdapter


class AdapterDataset(FileDataset):
    """A standard PEFT folder."""

    def load(self) -> AdapterFolder:
        """Describe the saved adapter; its weights stay on disk."""
        from peftline.delivery import adapter

        return adapter.describe(self._filepath)

    def save(self, data: "TrainedAdapter") -> None:
        """Write the adapter of a trained model."""
        from peftline.delivery import adapter

        adapter.save(data, self._filepath)

    def _exists(self) -> bool:
        return (self._filepath / "adapter_config.json").exists()

    def preview(self) -> JSONPreview:
        """The adapter's configuration."""
        return JSONPreview((self._filepath / "adapter_config.json").read_text(encoding="utf-8"))


class CausalLMDataset(FileDataset):
    """A plain transformers folder."""

    def load(self) -> MergedFolder:
        """Describe the saved model; its weights stay on disk."""
        weights = sorted(self._filepath.glob("*.safetensors"))
        return MergedFolder(path=self._filepath, sha256=store.sha256_of_files(*weights))

    def save(self, data: "MergedModel") -> None:
        """Write model and tokenizer."""
        with store.replacing(self._filepath) as partial:
            data.model.save_pretrained(partial)
            data.tokenizer.save_pretrained(partial)

    def _exists(self) -> bool:
        return (self._filepath / "config.json").exists()

    def preview(self) -> JSONPreview:
        """The model's configuration."""
        return JSONPreview((self._filepath / "config.json").read_text(encoding="utf-8"))
