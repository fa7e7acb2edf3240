"""The frames around a request, and the joins between two; no split shares one with another.

`{r}` is the request as it stands, `{R}` the request with a capital.
"""

from __future__ import annotations

from .drawn import Split

COMMANDS: dict[Split, tuple[str, ...]] = {
    "train": (
        "{R}.",
        "{R}, please.",
        "Please {r}.",
        "Can you {r}?",
        "Could you {r}, please?",
        "Hey, {r}, please",
        "I'd like you to {r}.",
        "I need you to {r}.",
        "{R}, thanks!",
        "Hi! {R}.",
        "Would you {r}?",
        "Good morning, please {r}.",
        "ok {r}",
        "Next thing: {r}.",
        "When you have a second, {r}.",
        "It would help me if you could {r}.",
    ),
    "validation": (
        "Can you please {r}?",
        "{R}, if you can.",
        "Hello, {r}.",
        "Would you kindly {r}?",
        "I want you to {r}.",
        "alright, {r}",
    ),
    "test": (
        "{R}",
        "Do me a favour and {r}.",
        "Would you mind helping? {R}.",
        "Hello there, could you {r}?",
        "{R}, thank you.",
        "Now please {r}.",
        "I was hoping you could {r}.",
        "so, {r}",
        "Be so kind as to {r}.",
        "If possible, {r}.",
        "Your next job: {r}.",
        "Time to {r}.",
    ),
}

QUESTIONS: dict[Split, tuple[str, ...]] = {
    "train": ("{R}", "Hi, {r}", "Quick question: {r}", "Tell me, {r}", "Hey there! {R}"),
    "validation": ("Hello! {R}", "Please tell me: {r}", "hmm, {r}"),
    "test": ("Just wondering, {r}", "Excuse me, {r}", "I have a question. {R}", "so, {r}"),
}

JOINS: dict[Split, tuple[str, ...]] = {
    "train": (
        "{first} and {second}",
        "{first}, then {second}",
        "{first}, and {second}",
        "{first}, and next {second}",
        "{first}, and afterwards {second}",
        "{first}, and when that is done {second}",
    ),
    "validation": ("{first} and also {second}",),
    "test": ("{first}, and then {second}", "{first}, and after that {second}"),
}
"""Two commands as one, inside a frame of `COMMANDS`."""

PAIRS: dict[Split, tuple[str, ...]] = {
    "train": (
        "{First}. Also, {second}.",
        "Please {first}. Then {second}.",
        "{First}. Then {second}, please.",
        "{First}. After this, {second}.",
        "First {first}. Then {second}.",
        "{First}. And {second}.",
    ),
    "validation": ("Two things: {first}, and {second}.",),
    "test": ("{First}. After that, {second}.", "First {first}. Second, {second}."),
}
"""Two commands as two sentences, complete as they are."""


def capital(text: str) -> str:
    """`text` with its first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def frame(pattern: str, request: str) -> str:
    """Put one request into a frame of `COMMANDS` or `QUESTIONS`."""
    return pattern.format(r=request, R=capital(request))


def join(pattern: str, first: str, second: str) -> str:
    """Put two commands into a pattern of `JOINS` or `PAIRS`."""
    return pattern.format(first=first, second=second, First=capital(first))
