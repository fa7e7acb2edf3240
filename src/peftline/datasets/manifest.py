"""A handle (what a step left on disk) as a small JSON file."""

from typing import Any

from kedro.utils import load_obj

from peftline import handles, store
from peftline.config import Config
from peftline.datasets.text import FileDataset, JSONPreview
from peftline.errors import PeftlineError


class ManifestDataset(FileDataset):
    """Stores the folder that a handle names relative to this file, so that projects can move.

    The file of a root is that of its last run. What this dataset has saved or loaded once is what
    it gives from then on: all nodes of a run work on the same data, whatever other runs publish.
    """

    def __init__(self, filepath: str, handle: str, metadata: dict[str, Any] | None = None) -> None:
        """Args:
        filepath: of the manifest.
        handle: dotted name of the class of the handle, or of a class with handles as its fields.
        metadata: for plugins such as kedro-viz.
        """
        super().__init__(filepath, metadata)
        self._handle: type[Config] = load_obj(handle)
        self._kept: Config | None = None

    def load(self) -> Config:
        """Read the handle; its path is absolute."""
        if self._kept is None:
            if not self._filepath.exists():
                raise PeftlineError(
                    f"{self.target}: there is nothing yet. Run a recipe first, for example: kedro "
                    "run --pipeline=qlora (with the same experiment)."
                )
            text = self._filepath.read_text(encoding="utf-8")
            self._kept = handles.parse(self._handle, text, self.target.parent)
        return self._kept

    def save(self, data: Config) -> None:
        """Write the handle."""
        text = handles.dump(data, self.target.parent)
        store.write_text(self._written, text)
        self._kept = handles.parse(self._handle, text, self.target.parent)

    def preview(self) -> JSONPreview:
        """The manifest as text."""
        return JSONPreview(self._filepath.read_text(encoding="utf-8"))
