"""All tools, one module per domain."""

from __future__ import annotations

from ..tools import Split, Tool
from . import (
    books,
    calendar,
    car,
    devices,
    events,
    finance,
    food,
    health,
    home,
    learning,
    messaging,
    music,
    pets,
    shopping,
    travel,
    weather,
    work,
)

DOMAINS: dict[str, tuple[Tool, ...]] = {
    module.__name__.rsplit(".", 1)[-1]: module.TOOLS
    for module in (
        books,
        calendar,
        car,
        devices,
        events,
        finance,
        food,
        health,
        home,
        learning,
        messaging,
        music,
        pets,
        shopping,
        travel,
        weather,
        work,
    )
}


def tools_of(split: Split) -> dict[str, tuple[Tool, ...]]:
    """The tools of one split by domain; domains without one are left out."""
    chosen = {
        domain: tuple(tool for tool in tools if tool.split == split)
        for domain, tools in DOMAINS.items()
    }
    return {domain: tools for domain, tools in chosen.items() if tools}
