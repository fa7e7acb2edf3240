"""Answers without a model: what a score is worth that nothing has learnt."""

from collections import Counter
from collections.abc import Iterable, Sequence

from peftline.formats.example import Example
from peftline.tool_calls import rules
from peftline.tool_calls.prompt import TASK


def most_frequent(train: Iterable[Example]) -> Example | None:
    """A training example with the answer that comes most often, the first of equals.

    None where there are no questions, as in plain text.
    """
    counts: Counter[str] = Counter()
    shown: dict[str, Example] = {}
    for example in train:
        if example.prompt:
            counts[example.answer_with_calls] += 1
            shown.setdefault(example.answer_with_calls, example)
    return shown[counts.most_common(1)[0][0]] if counts else None


def by_rules(examples: Sequence[Example]) -> list[str] | None:
    """What the rules for the built-in tool calls answer; None for any other data."""
    if not examples or not all(_is_built_in(example) for example in examples):
        return None
    asked = [example.prompt[0] for example in examples]
    return [rules.answer(request.content, request.input) for request in asked]


def _is_built_in(example: Example) -> bool:
    return len(example.prompt) == 1 and example.prompt[0].content.startswith(TASK)
