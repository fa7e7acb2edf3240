"""From an example to the text that a model sees, and to tokens with labels."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.labels import IGNORED
from peftline.rendering.conversation import prepare
from peftline.rendering.spans import Span, span
from peftline.rendering.template import Template

if TYPE_CHECKING:
    from tokenizers import Encoding

_BEGIN = itemgetter(0)


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
    return template.text(prepare(messages, template, tools), generation_prompt=True)


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
    conversation = prepare(messages, template, tools)
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
    return labelled([rendered(example, template)], template)[0]


def labelled(texts: list[Rendered], template: Template) -> list[Tokens]:
    """Tokenise rendered texts; the tokens within their spans are learnt.

    No token reaches from before a span's begin to after it, for a model that is asked is given the
    prompt alone. Where tokenizers join line ends, such as the last one of the prompt and the first
    one of the answer, the whole text has other tokens there.
    """
    cuts = [_cuts(one, template.can_be_cut) for one in texts]
    pieces = [
        one.text[begin:end]
        for one, places in zip(texts, cuts, strict=True)
        for begin, end in pairwise(places)
    ]
    # Masks that nobody reads are as long to make as the ids.
    unread = {"return_attention_mask": False, "return_token_type_ids": False}
    encoded = template.tokenizer(pieces, add_special_tokens=False, **unread)
    encodings = iter(encoded.encodings)
    found = []
    for one, places in zip(texts, cuts, strict=True):
        ids: list[int] = []
        labels: list[int] = []
        for begin, end in pairwise(places):
            within = [(a - begin, b - begin) for a, b in one.spans if begin <= a < end]
            labels += _labels(within, encoding := next(encodings))
            ids += encoding.ids
        whole = with_bos(ids, template)
        found.append(Tokens(whole, [IGNORED] * (len(whole) - len(ids)) + labels))
    return found


def _cuts(one: Rendered, cut: bool) -> list[int]:
    """Where a text is cut: its ends, and every begin of a span."""
    return sorted({0, len(one.text), *(begin for begin, _ in one.spans if cut)})


def _labels(spans: list[Span], encoding: "Encoding") -> list[int]:
    """The tokens of a piece that begin within a span."""
    labels = [IGNORED] * len(encoding)
    ids, offsets = (encoding.ids, encoding.offsets) if spans else ([], [])
    for begin, end in spans:
        first = bisect_left(offsets, begin, key=_BEGIN)
        # some tokenizers leave whitespace out of its place, but every token has a character
        while first < len(ids) and max(offsets[first][1], 1) <= begin:
            first += 1
        last = bisect_left(offsets, end, lo=first, key=_BEGIN)
        labels[first:last] = ids[first:last]
    return labels


def with_bos(ids: list[int], template: Template) -> list[int]:
    """Put the beginning-of-sequence token first if the model expects one and it is not there."""
    bos = template.leading_bos
    return ids if ids[: len(bos)] == bos else bos + ids
