"""From an example to the text that a model sees, and to tokens with labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.rendering.spans import Span, span
from peftline.rendering.template import Template
from peftline.rendering.tokens import can_be_cut, leading_bos

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # a label that carries no loss (the convention of torch.nn.CrossEntropyLoss)


@dataclass(frozen=True)
class Rendered:
    """An example as text, and the parts of it that are learnt."""

    text: str
    spans: list[Span]


@dataclass(frozen=True)
class Tokens:
    """One training example: equally long lists of token ids and labels."""

    input_ids: list[int]
    labels: list[int]


def prompt_text(
    messages: list[Message], template: Template, tools: list[dict[str, Any]] | None = None
) -> str:
    """The text after which a model answers."""
    return template.text(template.conversation(messages, tools), generation_prompt=True)


def full_text(example: Example, template: Template) -> str:
    """Prompt and answer, with the token that ends the answer."""
    return rendered(example, template).text


def rendered(example: Example, template: Template) -> Rendered:
    """Render an example and find what is learnt: the assistant's turns with their end tokens.

    Raises:
        PeftlineError: no sound label can be given; the message names the row.
    """
    if example.kind == "text":
        text = template.neutral(example.answer) + (template.tokenizer.eos_token or "")
        return Rendered(text, [(0, len(text))])
    messages = example.messages
    if example.kind == "classification":
        messages = [*messages, Message(role="assistant", content=example.answer)]
    try:
        return _rendered(messages, example.tools, template)
    except PeftlineError as error:
        raise PeftlineError(f"{example.origin or example.id}: {error.message}") from error


def _rendered(messages: list[Message], tools: list[dict[str, Any]], template: Template) -> Rendered:
    conversation = template.conversation(messages, tools)
    text = template.text(conversation)
    said = [at for at, turn in enumerate(conversation.turns) if turn["role"] == "assistant"]
    loss = [message.loss for message in messages if message.role == "assistant"]
    learnt = [at for at, wanted in zip(said, loss, strict=True) if wanted]
    spans = [span(template, conversation, text, at) for at in learnt]
    if learnt and learnt[-1] == len(conversation.turns) - 1:
        begin, end = spans[-1]
        if not text.endswith(template.end_text, begin, end):  # Falcon's template ends no turn
            text = text[:end] + template.end_text
            spans[-1] = begin, len(text)
    return Rendered(text, spans)


def tokens(example: Example, template: Template) -> Tokens:
    """Token ids, and labels that carry loss on the assistant's turns and the tokens that end them.

    Labels follow character offsets of the rendered text, never a search for token ids, and never
    the padding id: the end token keeps its loss where it is also the padding token.
    """
    return labelled([rendered(example, template)], template.tokenizer)[0]


def labelled(texts: list[Rendered], tokenizer: "PreTrainedTokenizerBase") -> list[Tokens]:
    """Tokenise rendered texts; the tokens within their spans are learnt."""
    bos = leading_bos(tokenizer)
    found = []
    for one, (ids, offsets) in zip(texts, _encoded(texts, tokenizer), strict=True):
        labels = _labels(one.spans, ids, offsets)
        missing = [] if ids[: len(bos)] == bos else bos
        found.append(Tokens(missing + ids, [IGNORED] * len(missing) + labels))
    return found


def _encoded(
    texts: list[Rendered], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[tuple[list[int], list[Span]]]:
    """Token ids and their places, with no token from before a span's begin to after it.

    A model that is asked is given the prompt alone. Where tokenizers join line ends, such as the
    last one of the prompt and the first one of the answer, the whole text has other tokens there.
    """
    cut = can_be_cut(tokenizer)
    edges = [sorted({0, len(one.text), *(begin for begin, _ in one.spans if cut)}) for one in texts]
    pieces = [
        one.text[begin:end]
        for one, places in zip(texts, edges, strict=True)
        for begin, end in pairwise(places)
    ]
    encoded = tokenizer(pieces, add_special_tokens=False, return_offsets_mapping=True)
    rest = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    for places in edges:
        ids, offsets = [], []
        for begin, (piece, within) in zip(places[:-1], rest, strict=False):
            ids += piece
            # some tokenizers leave whitespace out of its place, but every token has a character
            offsets += [(begin + a, begin + max(b, 1)) for a, b in within]
        yield ids, offsets


def _labels(spans: list[Span], ids: list[int], offsets: list[Span]) -> list[int]:
    """The tokens that begin within a span."""
    labels = [IGNORED] * len(ids)
    at = 0
    for begin, end in spans:
        while at < len(ids) and (offsets[at][1] <= begin or offsets[at][0] < begin):
            at += 1
        while at < len(ids) and offsets[at][0] < end:
            labels[at] = ids[at]
            at += 1
    return labels


def with_bos(ids: list[int], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Put the beginning-of-sequence token first if the model expects one and it is not there."""
    bos = leading_bos(tokenizer)
    return ids if ids[: len(bos)] == bos else bos + ids
