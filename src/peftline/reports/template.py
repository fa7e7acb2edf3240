"""Pages from templates beside this file; everything that comes from data is escaped."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment


def render(name: str, filters: dict[str, Callable] | None = None, **values: Any) -> str:
    """Fill in `<name>.html.jinja`."""
    source = files("peftline.reports").joinpath(f"{name}.html.jinja")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= filters or {}
    return environment.from_string(source.read_text(encoding="utf-8")).render(**values)
