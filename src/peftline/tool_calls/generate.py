"""Rows of the data set: a request, the tools on offer, and the one right answer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

from . import small_talk, wording
from .asking import Asked, ask
from .domains import tools_of
from .prompt import REFUSAL, instruction
from .tools import SPLITS, Split, Tool

Kind = Literal["single", "two_calls", "refusal"]
BLOCK: tuple[Kind, ...] = ("single",) * 38 + ("two_calls",) * 5 + ("refusal",) * 7
"""The kinds of 50 rows; dealt block by block, so that small splits have these shares too."""
LISTED = (1, 1, 2, 2, 2)
"""Numbers of tools in a prompt, equally likely; two calls need two."""
SMALL_TALK_SHARE = 2 / 3
"""Share of the refusals whose request is none for any tool; the others need an unlisted one."""
NEAR_SHARE = 0.3
"""Chance that the next tool of a row, needed or only listed, is of the domain of its first."""
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
    talks = kind == "refusal" and rng.random() < SMALL_TALK_SHARE
    tool = rng.choice(small_talk.requests_of(split) if talks else all_tools(split))
    near, far = neighbours(tool.name, split)
    needed = [tool]
    if kind == "two_calls":
        needed.append(rng.choice(near if rng.random() < NEAR_SHARE else far))
        asked = [ask(rng, split, one, command=True) for one in needed]
        request = pair(rng, split, *asked)
    else:
        asked = [ask(rng, split, tool)]
        frames = wording.QUESTIONS if asked[0].is_question else wording.COMMANDS
        request = wording.frame(rng.choice(frames[split]), asked[0].text)

    refuses = kind == "refusal"
    listed = offer(rng, () if refuses else needed, near, far)
    return {
        "group": "+".join(one.name for one in needed),
        "kind": kind,
        "instruction": instruction(one.signature for one in listed),
        "input": request,
        "output": REFUSAL if refuses else answer(asked),
    }


def offer(
    rng: random.Random, needed: Sequence[Tool], near: Sequence[Tool], far: Sequence[Tool]
) -> list[Tool]:
    """The tools of a prompt: those that are needed and others, in any order."""
    others = rng.sample(far, min(len(far), max(LISTED) + 1))
    if near and rng.random() < NEAR_SHARE:
        others.insert(0, rng.choice(near))
    spare = [one for one in others if one not in needed]
    listed = [*needed, *spare[: max(0, rng.choice(LISTED) - len(needed))]]
    return rng.sample(listed, len(listed))


@cache
def all_tools(split: Split) -> tuple[Tool, ...]:
    """The tools of one split, in a fixed order."""
    return tuple(tool for tools in tools_of(split).values() for tool in tools)


@cache
def neighbours(name: str, split: Split) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """The other tools of the split: those in the domain of tool `name`, and the rest.

    Small talk has no domain.
    """
    domains = tools_of(split).values()
    own = next((tools for tools in domains if name in {one.name for one in tools}), ())
    near = tuple(one for one in own if one.name != name)
    return near, tuple(one for one in all_tools(split) if one not in own)


def pair(rng: random.Random, split: Split, first: Asked, second: Asked) -> str:
    """Two commands in one request, as one sentence or as two."""
    if rng.random() < 0.4:
        return wording.join(rng.choice(wording.PAIRS[split]), first.text, second.text)
    both = wording.join(rng.choice(wording.JOINS[split]), first.text, second.text)
    return wording.frame(rng.choice(wording.COMMANDS[split]), both)


def answer(asked: Sequence[Asked]) -> str:
    """The reference: a JSON list of one call, or of two.

    A list in any case: whether a second call is due is then asked after the first one. Where only
    two calls made a list, an adapter trained on 650 rows never began one.
    """
    calls = [{"name": one.name, "arguments": one.arguments} for one in asked]
    return json.dumps(calls, ensure_ascii=False)
