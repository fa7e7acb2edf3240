"""Groups of requests: what the rows of one group share, the rows of another have not."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from .catalogue import catalogue
from .drawn import Split
from .tools import BESIDE_TALK, Tool

Role = Literal["single", "two_calls", "small_talk"]
SMALL_TALK = "small_talk"
NEAR_SHARE = 0.3
"""Chance that a tool which is only on offer is of the domain of the request."""


@dataclass(frozen=True)
class Group:
    """Requests for the same tool, for the same two, or of the same kind of small talk."""

    name: str
    domain: str
    needed: tuple[Tool, ...]
    near: tuple[Tool, ...] = ()
    """Tools that may be on offer besides, of its own domain."""
    far: tuple[Tool, ...] = ()
    """The same, of other domains."""


def groups_of(split: Split, rng: random.Random) -> dict[Role, list[Group]]:
    """All groups of one split.

    Where a split has tools without phrasings (test), each group is dealt its own of them: then two
    groups share no tool at all. Elsewhere any other tool of the split may stand beside.

    Two calls are of one domain. Where a split has tools for two calls alone (validation, test), it
    is these; elsewhere any two.
    """
    domains = {name: domain.of(split) for name, domain in catalogue().domains.items()}
    asked = {name: [tool for tool in tools if tool.asked] for name, tools in domains.items()}
    spare = [(name, tool) for name, tools in domains.items() for tool in tools if not tool.asked]
    rng.shuffle(spare)
    deals = bool(spare)
    reserves = any(tool.two_calls for tools in asked.values() for tool in tools)

    def group(domain: str, *needed: Tool, beside: int = 1) -> Group:
        name = "+".join(tool.name for tool in needed)
        if deals:
            own = tuple(take(spare, domain, rng) for _ in range(beside))
            return Group(name, domain, needed, far=own)
        near = tuple(tool for tool in asked.get(domain, ()) if tool not in needed)
        far = tuple(tool for other, tools in asked.items() if other != domain for tool in tools)
        return Group(name, domain, needed, near, far)

    return {
        "single": [
            group(domain, tool)
            for domain, tools in asked.items()
            for tool in tools
            if not tool.two_calls
        ],
        "two_calls": [
            group(domain, *pair, beside=0)
            for domain, tools in asked.items()
            for pair in combinations([t for t in tools if t.two_calls or not reserves], 2)
        ],
        "small_talk": [
            group(SMALL_TALK, kind, beside=BESIDE_TALK) for kind in catalogue().small_talk.of(split)
        ],
    }


def take(spare: list[tuple[str, Tool]], domain: str, rng: random.Random) -> Tool:
    """Remove one of the spare tools, sometimes of a wanted domain."""
    near = [at for at, (name, _) in enumerate(spare) if name == domain]
    far = [at for at, (name, _) in enumerate(spare) if name != domain]
    chosen = near if near and (not far or rng.random() < NEAR_SHARE) else far
    return spare.pop(chosen[0])[1]
