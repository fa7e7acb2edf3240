"""Files and folders of this project: JSON, JSON lines, texts."""

import json
import math
from pathlib import Path
from typing import Any, NewType

from kedro.io import AbstractDataset

from peftline import jsonl, publishing, store

# kedro-viz chooses how to show a preview by the name of its type.
JSONPreview = NewType("JSONPreview", str)
TablePreview = NewType("TablePreview", dict)


class FileDataset(AbstractDataset[Any, Any]):
    """What the datasets of this project share: a path, metadata, and how a run writes.

    In a run (`stage`) it writes into the run's own folder, and reads from there what the run has
    written, otherwise what stands. So nothing takes its place before the run has ended, and what
    another run publishes meanwhile takes nothing away from this one.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Args:
        filepath: of the file or folder.
        metadata: for plugins such as kedro-viz.
        """
        self.target = Path(filepath)
        self.metadata = metadata
        self._staged: Path | None = None

    def stage(self, root: Path, staging: Path) -> None:
        """Write into the folder of a run from now on, laid out as the root is."""
        self._staged = publishing.staged(self.target, root, staging)

    def is_staged(self) -> bool:
        """Whether the run has written it, and it has not taken its place yet."""
        return self._staged is not None and self._staged.exists()

    def show(self) -> None:
        """Copy a file that the run has written to its place, before the run has ended."""
        store.write_bytes(self.target, self._written.read_bytes())

    @property
    def _filepath(self) -> Path:
        """What is read."""
        return self._staged if self.is_staged() else self.target

    @property
    def _written(self) -> Path:
        """What is written."""
        return self._staged or self.target

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self.target)}


class AtomicJSONDataset(FileDataset):
    """One JSON value."""

    def load(self) -> Any:
        """Read the value."""
        return json.loads(self._filepath.read_text(encoding="utf-8"))

    def save(self, data: Any) -> None:
        """Write the value, indented; numbers that are not finite, for which JSON has no word, as
        null."""
        text = json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)
        store.write_text(self._written, text + "\n")

    def preview(self) -> JSONPreview:
        """The value as text."""
        return JSONPreview(self._filepath.read_text(encoding="utf-8"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class JSONLinesDataset(FileDataset):
    """A table, one JSON object a line."""

    def load(self) -> list[dict[str, Any]]:
        """Read all rows."""
        return list(jsonl.read(self._filepath))

    def save(self, data: list[dict[str, Any]]) -> None:
        """Write all rows."""
        store.write_text(self._written, "".join(f"{jsonl.dump(row)}\n" for row in data))

    def preview(self, nrows: int = 20) -> TablePreview:
        """The first rows; nested values as JSON."""
        rows = self.load()[:nrows]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_cell(row.get(name)) for name in columns] for row in rows]
        return TablePreview({"index": list(range(len(rows))), "columns": columns, "data": cells})


class TextDataset(FileDataset):
    """A text, such as a page."""

    def load(self) -> str:
        """Read the text."""
        return self._filepath.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Write the text."""
        store.write_text(self._written, data)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
