"""The items of a JSON list, one after the other: a list of 1 GB takes no 10 GB of memory."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

_PIECE = 2**20  # characters read at once
_AFTER = (*" \t\n\r,]",)  # what may stand behind an item
_BLANK = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def items(text: TextIO) -> Iterator[Any]:
    """The items of the one list that a text holds.

    Raises:
        ValueError: the text is something else, or ends too early.
    """
    rest = _Rest(text)
    if not rest.skip("["):
        raise ValueError("no list")
    if not rest.skip("]"):
        yield rest.value()
        while rest.skip(","):
            yield rest.value()
        if not rest.skip("]"):
            raise ValueError("the list does not end")
    if rest.peek():
        raise ValueError("more after the list")


class _Rest:
    """What has not been read of a text; a piece of it is held."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._held, self._at = text, "", 0

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            self._at = _BLANK.match(self._held, self._at).end()
            if self._at < len(self._held) or not self._read_on():
                return self._held[self._at : self._at + 1]

    def skip(self, character: str) -> bool:
        """Whether a character comes next; if so, go behind it."""
        found = self.peek() == character
        self._at += found
        return found

    def value(self) -> Any:
        """The next value, and go behind it."""
        self.peek()
        while True:
            try:
                value, end = _decode(self._held, self._at)
                if self._held[end : end + 1] in _AFTER:  # or else a number may go on
                    self._at = end
                    return value
            except json.JSONDecodeError:
                pass  # it may be whole once more is read
            if not self._read_on():
                raise ValueError("an item does not end")

    def _read_on(self) -> bool:
        """Hold twice as much as now, so that long values are not tried too often."""
        piece = self._text.read(max(_PIECE, len(self._held) - self._at))
        self._held, self._at = self._held[self._at :] + piece, 0
        return bool(piece)
