"""What the examples are like: kinds, classes, refusals, lengths of text."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from peftline.evaluation.metrics.refusal import is_refusal
from peftline.formats.example import Example

_CLASSES = 50


def describe(examples: Iterable[Example]) -> dict[str, Any]:
    """Count kinds, classes (labels), turns, tools, refusals among the answers."""
    kinds: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    count = refusals = turns = with_tools = 0
    for example in examples:
        count += 1
        kinds[example.kind] += 1
        turns += sum(message.role == "assistant" for message in example.messages)
        with_tools += bool(example.tools)
        refusals += example.kind != "text" and is_refusal(example.answer)
        if example.label is not None:
            classes[str(example.label)] += 1
    return {
        "kinds": dict(kinds),
        "classes": dict(classes.most_common(_CLASSES)),
        "refusal_share": round(refusals / max(1, count), 4),
        "answers_per_example": round(turns / max(1, count), 2),
        "examples_with_tools": with_tools,
    }
