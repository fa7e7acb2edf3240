"""What methods can do: as a table in Markdown, and in words for one recipe."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from peftline import capabilities
from peftline.adapters.any_peft import (
    IN_EIGHT_BITS,
    NEVER_MERGED,
    NOT_IN_FOUR_BITS,
    WANTS_MORE,
)
from peftline.capabilities import BY_TYPE, TABLE, Capabilities
from peftline.recipe import Recipe

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
    """A row per method, a column per capability; then what depends on the type for `peft`."""
    titles = [_TITLES[field] for field in Capabilities._fields]
    lines = [["method", *titles], ["---"] * (len(titles) + 1)]
    lines += [[f"`{name}`", *_cells(name, can)] for name, can in TABLE.items()]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return (
        f"{table}\nOf `peft`, by its type: not on a base in 4 bits {_listed(NOT_IN_FOUR_BITS)}; in "
        f"8 bits only {_listed(IN_EIGHT_BITS)}; not merged {_listed(NEVER_MERGED)}. Refused are "
        f"{_listed(WANTS_MORE)}, which want more with each row than its tokens, and types that "
        "have a method of their own here.\n"
    )


def _cells(name: str, can: Capabilities) -> list[str]:
    by_type = BY_TYPE if name == "peft" else ()
    said = {True: "yes", False: "no"}
    return ["by type" if field in by_type else said[can._asdict()[field]] for field in can._fields]


def _listed(types: Iterable[str]) -> str:
    return ", ".join(f"`{one}`" for one in types)


def facts(settings: dict[str, Any] | None) -> tuple[list[str], list[str]]:
    """What the method of a resolved recipe can do, and what it cannot.

    Both are empty for settings that are no recipe of today.
    """
    try:
        can = capabilities.of(Recipe.model_validate(settings).adapter)._asdict()
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
