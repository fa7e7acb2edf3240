"""All that an example says, and all that any row of a file says."""

from collections.abc import Iterator
from typing import Any

from peftline.formats.example import Example


def said(example: Example) -> Iterator[str]:
    """The texts of all turns, the values in their tool calls, and those of the worse answer."""
    for message in filter(None, [*example.messages, example.rejected]):
        yield message.text
        for call in message.tool_calls:
            yield from values(call.arguments)


def values(nested: Any) -> Iterator[str]:
    """What stands in lists and objects, however deep; numbers as text."""
    if isinstance(nested, dict | list):
        for one in nested.values() if isinstance(nested, dict) else nested:
            yield from values(one)
    elif nested is not None:
        yield str(nested)
