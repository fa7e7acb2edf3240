"""What methods can do: as a table in Markdown, and in words for one recipe."""

import re
from typing import Any

from pydantic import ValidationError

from peftline.capabilities import TABLE, Capabilities, method
from peftline.schema import Recipe

BEGIN, END = "<!-- begin: kedro methods -->", "<!-- end -->"
_TITLES = {
    "four_bit": "4-bit base",
    "eight_bit": "8-bit base",
    "identity": "starts at no change",
    "resumes": "resumes",
    "early_stopping": "stops early",
    "merges": "merges",
    "gradient_checkpointing": "gradient checkpointing",
    "packing": "rows without padding",
    "plain_lora": "is plain LoRA",
    "mixed_batch": "several in a batch",
}


def render() -> str:
    """A row per method, a column per capability."""
    titles = [_TITLES[field] for field in Capabilities._fields]
    lines = [["method", *titles], ["---"] * (len(titles) + 1)]
    lines += [
        [f"`{name}`", *("yes" if value else "no" for value in can)] for name, can in TABLE.items()
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def facts(settings: dict[str, Any] | None) -> tuple[list[str], list[str]]:
    """What the method of a resolved recipe can do, and what it cannot.

    Both are empty for settings that are no recipe of today.
    """
    try:
        can = TABLE[method(Recipe.model_validate(settings).adapter)]._asdict()
    except ValidationError:
        return [], []
    titles = {able: [_TITLES[name] for name in can if can[name] is able] for able in (True, False)}
    return titles[True], titles[False]


def renew(text: str) -> str:
    """A document with the table between its two markers renewed.

    Raises:
        ValueError: the markers are not there.
    """
    found = re.search(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, re.DOTALL)
    if not found:
        raise ValueError(f"The text has no place for the table: {BEGIN} … {END}.")
    return f"{text[: found.start()]}{BEGIN}\n{render()}{END}{text[found.end() :]}"
