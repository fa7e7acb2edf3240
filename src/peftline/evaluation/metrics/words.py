"""Words of any script."""

import re

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Lower-case words; scripts without spaces give long ones."""
    return _WORD.findall(text.casefold())
