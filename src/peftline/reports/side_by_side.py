"""A page that shows two answers to each prompt."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment

from peftline.handles import AdapterFolder, BaseModelFolder


def page(rows: list[dict[str, Any]], base: BaseModelFolder, adapter: AdapterFolder) -> str:
    """A self-contained page; everything that comes from data is escaped."""
    source = files("peftline.reports").joinpath("side_by_side.html.jinja")
    template = Environment(autoescape=True).from_string(source.read_text(encoding="utf-8"))
    return template.render(rows=rows, base=base, adapter=adapter)
