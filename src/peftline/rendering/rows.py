"""A batch of examples to rows of tokens and labels: what the processes of `tokenise` do."""

import json
from itertools import chain
from typing import Any

from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.formats.said import said, values
from peftline.labels import IGNORED
from peftline.rendering import length
from peftline.rendering.render import Tokens, labelled, rendered
from peftline.rendering.template import Template
from peftline.schema import Rendering

KEPT, CUT, DROPPED, UNSUPERVISED = range(4)  # what came of an example
OUTCOMES = ("kept", "cut", "dropped", "unsupervised")


def of_lines(lines: list[bytes], template: Template, config: Rendering) -> dict[str, list[Any]]:
    """Columns for a batch of stored examples.

    `length` is that of the row, `whole_length` that before anything was cut; `outcome` is one of
    the four numbers above; `neutralised` counts special tokens that stood in the texts,
    in calls and in the tools on offer.

    Raises:
        PeftlineError: an example is too long and the policy is `raise`, or cannot be labelled.
    """
    examples = [Example(**json.loads(line)) for line in lines]
    whole = labelled([rendered(e, template) for e in examples], template)
    return _columns([_row(*pair, template, config) for pair in zip(examples, whole, strict=True)])


def _row(example: Example, whole: Tokens, template: Template, config: Rendering) -> dict[str, Any]:
    tokens, outcome = _fitted(example, whole, template, config)
    texts = chain(said(example), values(example.tools))
    supervised = supervised_tokens(tokens.labels)
    return {
        "id": example.id,
        "origin": example.origin,
        "input_ids": tokens.input_ids,
        "labels": tokens.labels,
        "length": len(tokens.input_ids),
        "whole_length": len(whole.input_ids),
        "supervised": supervised,
        "outcome": UNSUPERVISED if outcome != DROPPED and not supervised else outcome,
        "neutralised": sum(map(template.count_special, texts)),
    }


def supervised_tokens(labels: list[int]) -> int:
    """How many labels carry loss: not the first one, which nothing predicts."""
    return len(labels[1:]) - labels[1:].count(IGNORED)


def _fitted(
    example: Example, whole: Tokens, template: Template, config: Rendering
) -> tuple[Tokens, int]:
    limit = config.max_length_tokens
    if len(whole.input_ids) <= limit:
        return whole, KEPT
    if config.too_long == "raise":
        raise PeftlineError(
            f"{example.origin or example.id}: {len(whole.input_ids)} tokens are more than "
            f"rendering.max_length_tokens={limit}. Raise the limit, or set rendering.too_long to "
            "drop, truncate_prompt or truncate_answer."
        )
    shorter = length.fit(example, whole, template, limit, config.too_long)
    return (shorter, CUT) if shorter else (Tokens([], []), DROPPED)


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
