"""A baseline without learning: word overlap picks the tool, patterns by type fill the arguments.

It knows the language of the task (signatures, dates, number words), but no tool of the data set.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .prompt import REFUSAL
from .reading import DATES, NUMBER, TIMES, read_date, read_number, read_time

MIN_OVERLAP = 2
"""Points that the best tool needs; 2 = one word of its name, or two of its description."""

SIGNATURE = re.compile(r"^(.+?): (\{.*\})$", re.MULTILINE)
JOINT = re.compile(
    r"[.,;]? (?:and then|and after that|and also|also|then|after that|and|second),? "
)
STOP_WORDS = set("a an the of to in on at is for and me my i you it that with by or".split())
QUOTED = re.compile(r'"([^"]+)"')
CAPITALISED = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w.'-]*(?: [A-Z0-9][\w.'-]*)*")
AFTER_PREPOSITION = re.compile(
    r"\b(?:to|in|for|from|with|of|on|by|called|named|about|at) (?:the )?"
    r"([\w' -]+?)(?=$|[.,;:?!]| (?:to|in|for|from|with|of|on|by|at|please|and)\b)"
)


PRECISION = {"YYYY-MM-DD": 0, "HH:MM": 1, "string": 3, "list": 4}
"""Which types choose their part of the request first; all others are at 2."""


@dataclass(frozen=True)
class Signature:
    """One tool as the instruction shows it: `parameters` are (name, type, is optional)."""

    name: str
    description: str
    parameters: tuple[tuple[str, str, bool], ...]


def answer(instruction: str, request: str) -> str:
    """Answer a request with the tools that the instruction lists, in the form of a reference."""
    tools = signatures(instruction)
    whole = best_tool(tools, request)
    for joint in sorted(JOINT.finditer(request), key=lambda one: -len(one[0])):
        halves = request[: joint.start()], request[joint.end() :]
        chosen = [best_tool(tools, half) for half in halves]
        if None not in chosen and chosen[0] != chosen[1]:
            calls = [call(tool, half) for tool, half in zip(chosen, halves, strict=True) if tool]
            return json.dumps(calls, ensure_ascii=False)
    return json.dumps([call(whole, request)], ensure_ascii=False) if whole else REFUSAL


def signatures(instruction: str) -> list[Signature]:
    """The tools that an instruction lists."""
    found = []
    for description, pattern in SIGNATURE.findall(instruction):
        tool = json.loads(pattern)
        types = tool["arguments"].items()
        parameters = tuple((key, kind.rstrip("?"), kind.endswith("?")) for key, kind in types)
        found.append(Signature(tool["name"], description, parameters))
    return found


def best_tool(tools: list[Signature], request: str) -> Signature | None:
    """The tool that shares most words with the request, or None below `MIN_OVERLAP`."""
    asked = stems(request)

    def overlap(tool: Signature) -> int:
        named = stems(tool.name.replace("_", " "))
        others = stems(tool.description) - named
        return 2 * len(named & asked) + len(others & asked)

    best = max(tools, key=overlap, default=None)
    return best if best and overlap(best) >= MIN_OVERLAP else None


def stems(text: str) -> set[str]:
    """The content words of a text without their commonest endings."""
    words = set(re.findall(r"[a-z]+", text.casefold())) - STOP_WORDS
    return {re.sub(r"(?<=\w{3})(ing|ed|es|s|e)$", "", word) for word in words}


def call(tool: Signature, request: str) -> dict[str, Any]:
    """Fill what can be found; a matched stretch of the request serves one argument only.

    An optional string is filled only if the request says its name (`reason: ...`).
    """
    left, arguments = request.strip(), {}
    by_precision = sorted(tool.parameters, key=lambda one: PRECISION.get(one[1], 2))
    for name, kind, is_optional in by_precision:
        if is_optional and kind == "string" and not stems(name) & stems(request):
            continue
        value, left = fill(name, kind, left)
        if value is not None:
            arguments[name] = value
    ordered = {name: arguments[name] for name, *_ in tool.parameters if name in arguments}
    return {"name": tool.name, "arguments": ordered}


def fill(name: str, kind: str, text: str) -> tuple[Any, str]:
    """The value of one argument, or None, and the text without the words that gave it."""
    if kind in {"string", "list"}:
        for pattern in (QUOTED, CAPITALISED, AFTER_PREPOSITION):
            if found := pattern.search(text):
                return span(kind, found, text)
        return None, text
    if kind == "boolean" or "|" in kind:
        return choose(name, kind, text), text
    readers = {"YYYY-MM-DD": (DATES, read_date), "HH:MM": (TIMES, read_time)}
    patterns, read = readers.get(kind, ((NUMBER,), read_number))
    for pattern in patterns:
        if found := pattern.search(text):
            value = read(found)
            return value, text if value is None else text[: found.start()] + text[found.end() :]
    return None, text


def span(kind: str, found: re.Match[str], text: str) -> tuple[str | list[str], str]:
    """A string, or a list from there to the next preposition, and the text without it."""
    group = 1 if found.re.groups else 0
    if kind == "string":
        return found[group], text[: found.start()] + text[found.end() :]
    rest = text[found.start(group) :]
    items = re.split(r"[.:;!?]| (?:to|in|on|at|from|with|for|please|thank)\b", rest)[0]
    values = [item for item in re.split(r",? and |, ", items.strip(" ,")) if item]
    return values, text[: found.start(group)] + rest[len(items) :]


def choose(name: str, kind: str, text: str) -> bool | str | None:
    """An enum value that the text names; a boolean whose parameter the text names."""
    if kind != "boolean":
        return next((value for value in kind.split("|") if stems(value) & stems(text)), None)
    if not stems(name.replace("_", " ")) & stems(text):
        return None
    return not re.search(r"\b(without|not|no)\b", text)
