"""Pages from templates beside this file; everything that comes from data is escaped."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader


def render(name: str, filters: dict[str, Callable] | None = None, **values: Any) -> str:
    """Fill in `<name>.html.jinja`."""
    loader = PackageLoader("peftline.reports", ".")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=loader)
    environment.filters |= filters or {}
    return environment.get_template(f"{name}.html.jinja").render(**values)
