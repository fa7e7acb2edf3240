"""Conversations, templates to render them with, and what is learnt of them."""

import functools

from peftline.formats.example import Example, Message
from peftline.rendering import render, template
from peftline.schema import Rendering
from tests.rendering.stock_templates import STOCK, tokenizer_of


@functools.cache
def template_of(name):
    """A stock template with its tokenizer."""
    return template.load(tokenizer_of(STOCK[name]), Rendering())


def conversation(*texts):
    """Turns of user and assistant."""
    roles = ["user", "assistant"] * len(texts)
    return [Message(role=r, content=t) for r, t in zip(roles, texts, strict=False)]


def of(messages):
    """An example of a conversation."""
    return Example(id="row-7", group="g", messages=messages)


def learnt(tokens, tokenizer):
    """Every run of tokens with loss as text, and all that stands before each."""
    pairs = list(zip(tokens.input_ids, tokens.labels, strict=True))
    assert all(label in (id_, render.IGNORED) for id_, label in pairs)
    carries = [False, *(label != render.IGNORED for label in tokens.labels), False]
    edges = [at for at in range(len(pairs) + 1) if carries[at] != carries[at + 1]]
    runs = zip(edges[::2], edges[1::2], strict=True)
    texts = [
        (tokenizer.decode(tokens.input_ids[begin:end]), tokenizer.decode(tokens.input_ids[:begin]))
        for begin, end in runs
    ]
    return [run for run, _ in texts], [before for _, before in texts]
