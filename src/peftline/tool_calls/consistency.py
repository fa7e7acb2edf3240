"""What the tools of all files say together, and must not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from .drawn import SPLITS, Split
from .pool import Pool
from .tools import BESIDE_TALK, Domain
from .values import Listing, Text

LEAST_VALUES = 8
"""Values that a pool needs in each split that draws from it."""


def shared_values(pools: dict[str, Pool]) -> Iterator[str]:
    """Values that two splits share, in whatever pools and capitals, or that a pool repeats."""
    splits_of: dict[str, set[Split]] = defaultdict(set)
    for name, pool in pools.items():
        for split in SPLITS:
            for value, count in Counter(map(str.casefold, pool.of(split))).items():
                splits_of[value].add(split)
                if count > 1:
                    yield f"pools, {name}.{split}: {value!r} stands twice"
    for value, splits in splits_of.items():
        if len(splits) > 1:
            yield f"pools: {value!r} stands in {' and in '.join(sorted(splits))}"


def contradictions(domains: dict[str, Domain], small_talk: Domain) -> Iterator[str]:
    """What no single tool can get wrong alone."""
    files = {**domains, "small_talk": small_talk}
    names: Counter[str] = Counter()
    for file, domain in files.items():
        for split in SPLITS:
            names.update(tool.name for tool in domain.of(split))
            yield from (f"{file}.yml, {split}: {one}" for one in of_one_split(domain, split))
            if domain is not small_talk:
                silent = [tool.name for tool in domain.of(split) if not tool.does]
                yield from (
                    f"{file}.yml, {split}: {name} does not say what it does" for name in silent
                )
    yield from (
        f"{name} is the name of {count} tools" for name, count in names.items() if count > 1
    )
    for split in SPLITS:
        yield from too_few_beside(domains, small_talk, split)


def of_one_split(domain: Domain, split: Split) -> Iterator[str]:
    """What is wrong with the tools of one split of a domain."""
    tools = domain.of(split)
    if sum(tool.two_calls for tool in tools) not in {0, 2}:
        yield "two_calls is true of two tools of a split or of none"
    for tool in tools:
        if not tool.asked and split == "train":
            yield f"{tool.name} has no phrasings: that it is never needed would be learnt"
        if not tool.asked and tool.two_calls:
            yield f"{tool.name} is for two calls, and has no phrasings"
        for parameter in tool.parameters if tool.asked else ():
            pool = drawn_from(parameter.source)
            where = f"{tool.name}.{parameter.name}"
            if pool and len(pool.of(split)) < LEAST_VALUES:
                yield f"{where}: its pool has fewer than {LEAST_VALUES} values"
            if pool and isinstance(parameter.source, Listing):
                unclear = [text for text in pool.of(split) if "," in text or " and " in text]
                yield from (f"{where}: {text!r} would look like two in a list" for text in unclear)


def drawn_from(source: Any) -> Pool | None:
    """The pool of a source of free text."""
    if isinstance(source, Text):
        return source.text
    return source.list if isinstance(source, Listing) else None


def too_few_beside(domains: dict[str, Domain], small_talk: Domain, split: Split) -> Iterator[str]:
    """Each group of requests needs tools of its own to stand beside, if any has."""
    tools = [tool for domain in domains.values() for tool in domain.of(split)]
    beside = sum(not tool.asked for tool in tools)
    single = sum(bool(tool.asked) and not tool.two_calls for tool in tools)
    needed = single + BESIDE_TALK * len(small_talk.of(split))
    if beside and beside < needed:
        yield (
            f"{split}: {beside} tools without phrasings are fewer than the {needed} that stand "
            f"beside others: one for each tool, {BESIDE_TALK} for each kind of small talk"
        )
