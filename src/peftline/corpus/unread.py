"""What a row says that nobody reads."""

from typing import Any


class WatchedRow(dict[str, Any]):
    """A row that remembers which of its fields were asked for."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(row)
        self._asked: set[str] = set()

    def __getitem__(self, field: str) -> Any:
        self._asked.add(field)
        return super().__getitem__(field)

    def get(self, field: str, default: Any = None) -> Any:
        """The value of a field, or the default."""
        self._asked.add(field)
        return super().get(field, default)

    def unread(self) -> list[str]:
        """Fields that hold something and were never asked for."""
        return [
            field
            for field, value in self.items()
            if field not in self._asked and value is not None and value != ""
        ]
