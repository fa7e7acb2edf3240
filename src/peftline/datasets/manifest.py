"""A handle (what a step left on disk) as a small JSON file."""

import os
from pathlib import Path
from typing import Any

from kedro.utils import load_obj

from peftline import store
from peftline.datasets.text import FileDataset, JSONPreview
from peftline.errors import PeftlineError
from peftline.handles import Handle


class ManifestDataset(FileDataset):
    """Stores the folder that a handle names relative to this file, so that projects can move."""

    def __init__(self, filepath: str, handle: str, metadata: dict[str, Any] | None = None) -> None:
        """Args:
        filepath: of the manifest.
        handle: dotted name of the class of the handle.
        metadata: for plugins such as kedro-viz.
        """
        super().__init__(filepath, metadata)
        self._handle: type[Handle] = load_obj(handle)

    def load(self) -> Handle:
        """Read the handle; its path is absolute."""
        if not self._filepath.exists():
            raise PeftlineError(
                f"{self._filepath}: there is nothing yet. Run a recipe first, for example: kedro "
                "run --pipelines=qlora (with the same experiment)."
            )
        handle = self._handle.model_validate_json(self._filepath.read_text(encoding="utf-8"))
        path = Path(os.path.normpath(self._filepath.resolve().parent / handle.path))
        return handle.model_copy(update={"path": path})

    def save(self, data: Handle) -> None:
        """Write the handle."""
        folder = Path(os.path.relpath(data.path.resolve(), self._filepath.resolve().parent))
        text = data.model_copy(update={"path": folder}).model_dump_json(indent=2)
        store.write_text(self._filepath, text + "\n")

    def preview(self) -> JSONPreview:
        """The manifest as text."""
        return JSONPreview(self._filepath.read_text(encoding="utf-8"))
