"""JSON and JSON lines, written under a temporary name and renamed."""

import json
import math
from pathlib import Path
from typing import Any, NewType

from kedro.io import AbstractDataset

from peftline import jsonl, store

# kedro-viz chooses how to show a preview by the name of its type.
JSONPreview = NewType("JSONPreview", str)
TablePreview = NewType("TablePreview", dict)


class FileDataset(AbstractDataset[Any, Any]):
    """What the datasets of this project share: a path, metadata, existence."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Args:
        filepath: of the file or folder.
        metadata: for plugins such as kedro-viz.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class AtomicJSONDataset(FileDataset):
    """One JSON value."""

    def load(self) -> Any:
        """Read the value."""
        return json.loads(self._filepath.read_text(encoding="utf-8"))

    def save(self, data: Any) -> None:
        """Write the value, indented; numbers that are not finite, for which JSON has no word, as
        null."""
        text = json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)
        store.write_text(self._filepath, text + "\n")

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
        store.write_text(self._filepath, jsonl.text(data))

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
        store.write_text(self._filepath, data)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
