"""A page that shows two answers to each prompt."""

from typing import Any

from peftline.handles import BaseModelFolder, Trained
from peftline.reports import template


def page(rows: list[dict[str, Any]], base: BaseModelFolder, adapter: Trained) -> str:
    """A self-contained page; everything that comes from data is escaped."""
    return template.render("side_by_side", rows=rows, base=base, adapter=adapter)
