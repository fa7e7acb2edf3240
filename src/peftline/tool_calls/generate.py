"""Rows of the data set: a request, the tools on offer, and the one right answer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeVar

from . import wording
from .asking import Asked, ask
from .drawn import SPLITS, Split
from .groups import NEAR_SHARE, SMALL_TALK, Group, Role, groups_of
from .prompt import REFUSAL, instruction
from .tools import Tool

Kind = Literal["single", "two_calls", "refusal"]
Row = dict[str, Any]
Card = TypeVar("Card")
BLOCK: tuple[Kind, ...] = ("single",) * 38 + ("two_calls",) * 5 + ("refusal",) * 7
"""The kinds of 50 rows; dealt block by block, so that small splits have these shares too."""
LISTED = (1, 1, 2, 2, 2)
"""Numbers of tools in a prompt, equally likely; two calls need two."""
SMALL_TALK_SHARE = 2 / 3
"""Share of the refusals whose request is none for any tool; the others need an unlisted one."""
MAX_DRAWS = 2000
"""Draws for one row that give nothing new before a split counts as exhausted."""
LABELS = ("domain", "kind", "details")
"""Fields of a row that say something about its request, and belong to no conversation."""


def generate(train: int, validation: int, test: int, seed: int) -> list[Row]:
    """Generate rows: `id, split, group, domain, kind, details, instruction, input, output`.

    All are strings but `details`, the number of values that the request states. Tools, frames of
    requests and free-text values belong to one split each. The rows of a split depend on `seed`
    alone: the first n rows of a longer split are the split of n rows.

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


def rows_of(split: Split, count: int, seed: int) -> Iterator[Row]:
    """The first `count` different rows of one split.

    Raises:
        ValueError: the split has fewer different rows.
    """
    rng = random.Random(f"{seed}/{split}")
    decks = {role: dealt(rng, groups) for role, groups in groups_of(split, rng).items()}
    seen: set[tuple[str, str]] = set()
    for number, kind in zip(range(count), dealt(rng, BLOCK), strict=False):
        group = next(decks[role_of(kind, rng)])
        for _ in range(MAX_DRAWS):
            row = draw_row(rng, split, kind, group)
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


def dealt(rng: random.Random, cards: Sequence[Card]) -> Iterator[Card]:
    """Cards without end: all of them, shuffled, again and again; so none comes much more often."""
    while True:
        yield from rng.sample(cards, len(cards))


def role_of(kind: Kind, rng: random.Random) -> Role:
    """From which groups a row of this kind is: refusals are of small talk, or of a single tool."""
    if kind == "refusal":
        return SMALL_TALK if rng.random() < SMALL_TALK_SHARE else "single"
    return kind


def draw_row(rng: random.Random, split: Split, kind: Kind, group: Group) -> Row:
    """One row without `id` and `split`."""
    needed = rng.sample(group.needed, len(group.needed))
    if kind == "two_calls":
        asked = [ask(rng, split, tool, command=True) for tool in needed]
        request = pair(rng, split, *asked)
    else:
        asked = [ask(rng, split, tool) for tool in needed]
        frames = wording.QUESTIONS if asked[0].is_question else wording.COMMANDS
        request = wording.frame(rng.choice(frames[split]), asked[0].text)

    refuses = kind == "refusal"
    listed = offer(rng, () if refuses else needed, group)
    return {
        "group": group.name,
        "domain": group.domain,
        "kind": kind,
        "details": sum(one.details for one in asked),
        "instruction": instruction(tool.signature for tool in listed),
        "input": request,
        "output": REFUSAL if refuses else answer(asked),
    }


def offer(rng: random.Random, needed: Sequence[Tool], group: Group) -> list[Tool]:
    """The tools of a prompt: those that are needed and others, in any order."""
    others = rng.sample(group.far, min(len(group.far), max(LISTED)))
    if group.near and rng.random() < NEAR_SHARE:
        others.insert(0, rng.choice(group.near))
    listed = [*needed, *others[: max(0, rng.choice(LISTED) - len(needed))]]
    return rng.sample(listed, len(listed))


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
