"""The base of every typed configuration."""

from difflib import get_close_matches
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Frozen, and refuses keys that nobody reads: a typo must not train with defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    libraries: ClassVar[tuple[str, ...]] = ()
    """Packages that act in a run because of this setting, beside those of every run."""


def nearest(name: str, known: list[str]) -> str:
    """The known name that a wrong one resembles, or all of them."""
    found = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean '{found[0]}'?" if found else f"Known: {', '.join(sorted(known))}."


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted names."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return found
