"""Rows of the data set: a request, the tools on offer, and the one right answer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

from . import wording
from .asking import Asked, ask
from .domains import tools_of
from .prompt import REFUSAL, instruction
from .tools import SPLITS, Split, Tool

Kind = Literal["single", "two_calls", "refusal"]
BLOCK: tuple[Kind, ...] = ("single",) * 34 + ("two_calls",) * 7 + ("refusal",) * 9
"""The kinds of 50 rows; dealt block by block, so that small splits have these shares too."""
LISTED = (1, 1, 2, 2, 3)
"""Numbers of tools in a prompt, equally likely: 1.8 on average. With 2.6, an adapter trained
on 600 rows named the right tool in 28 % of the test rows."""
NEAR_SHARE = 0.4
"""Share of the answerable rows that also list a tool of the same domain."""
MAX_DRAWS = 2000
"""Draws for one row that give nothing new before a split counts as exhausted."""


def generate(train: int, validation: int, test: int, seed: int) -> list[dict[str, str]]:
    """Generate rows with the strings `id, split, group, kind, instruction, input, output`.

    Tools, frames of requests and free-text values belong to one split each. The rows of a split
    depend on `seed` alone: the first n rows of a longer split are the split of n rows.

    Args:
        train, validation, test: number of rows of each split.
        seed: any integer; the same one gives the same rows on every machine.

    Raises:
        ValueError: a number is negative, or a split has fewer different rows than wanted.
    """
    wanted: dict[Split, int] = {"train": train, "validation": validation, "test": test}
    for split, count in wanted.items():
        if count < 0:
            raise ValueError(f"{split}: {count} rows were asked for. Ask for 0 or more.")
    return [row for split in SPLITS for row in rows_of(split, wanted[split], seed)]


def rows_of(split: Split, count: int, seed: int) -> Iterator[dict[str, str]]:
    """The first `count` different rows of one split.

    Raises:
        ValueError: the split has fewer different rows.
    """
    rng = random.Random(f"{seed}/{split}")
    seen: set[tuple[str, str]] = set()
    for number, kind in zip(range(count), dealt(rng), strict=False):
        for _ in range(MAX_DRAWS):
            row = draw_row(rng, split, kind)
            key = row["instruction"], row["input"]
            if key not in seen:
                break
        else:
            raise ValueError(
                f"{split}: only {number} different rows were found, {count} were asked for. "
                f"Ask for fewer {split} rows."
            )
        seen.add(key)
        yield {"id": f"{split}-{number:05}", "split": split} | row


def dealt(rng: random.Random) -> Iterator[Kind]:
    """Kinds without end: one shuffled `BLOCK` after the other."""
    while True:
        yield from rng.sample(BLOCK, len(BLOCK))


def draw_row(rng: random.Random, split: Split, kind: Kind) -> dict[str, str]:
    """One row without `id` and `split`."""
    tool = rng.choice(all_tools(split))
    near, far = neighbours(tool.name, split)
    needed = [tool]
    if kind == "two_calls":
        needed.append(rng.choice(near if rng.random() < 0.4 else far))
        asked = [ask(rng, split, one, command=True) for one in needed]
        request = pair(rng, split, *asked)
    else:
        asked = [ask(rng, split, tool)]
        frames = wording.QUESTIONS if asked[0].is_question else wording.COMMANDS
        request = wording.frame(rng.choice(frames[split]), asked[0].text)

    others = rng.sample(far, min(len(far), max(LISTED) + 1))
    if kind == "refusal" or rng.random() < NEAR_SHARE:
        others.insert(0, rng.choice(near))
    listed = [] if kind == "refusal" else list(needed)
    spare = [one for one in others if one not in needed]
    listed += spare[: max(0, rng.choice(LISTED) - len(listed))]
    rng.shuffle(listed)
    return {
        "group": "+".join(one.name for one in needed),
        "kind": kind,
        "instruction": instruction(one.signature for one in listed),
        "input": request,
        "output": REFUSAL if kind == "refusal" else answer(asked),
    }


@cache
def all_tools(split: Split) -> tuple[Tool, ...]:
    """The tools of one split, in a fixed order."""
    return tuple(tool for tools in tools_of(split).values() for tool in tools)


@cache
def neighbours(name: str, split: Split) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """The other tools of the split: those in the domain of tool `name`, and the rest."""
    (own,) = [tools for tools in tools_of(split).values() if name in {one.name for one in tools}]
    near = tuple(one for one in own if one.name != name)
    return near, tuple(one for one in all_tools(split) if one not in own)


def pair(rng: random.Random, split: Split, first: Asked, second: Asked) -> str:
    """Two commands in one request, as one sentence or as two."""
    if rng.random() < 0.4:
        return wording.join(rng.choice(wording.PAIRS[split]), first.text, second.text)
    both = wording.join(rng.choice(wording.JOINS[split]), first.text, second.text)
    return wording.frame(rng.choice(wording.COMMANDS[split]), both)


def answer(asked: Sequence[Asked]) -> str:
    """The reference: one JSON call, or the JSON list of two."""
    calls = [{"name": one.name, "arguments": one.arguments} for one in asked]
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
