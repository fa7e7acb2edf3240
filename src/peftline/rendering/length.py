"""What happens to examples that are longer than the limit; never a silent cut."""

from typing import Literal

from peftline.formats.example import Example
from peftline.labels import IGNORED
from peftline.rendering import render
from peftline.rendering.render import Tokens
from peftline.rendering.template import Template

Policy = Literal["drop", "truncate_prompt", "truncate_answer", "raise"]
_CUT = "… "  # stands where the beginning of a text was

Place = tuple[int, str]
"""Number of a turn, and which of its two texts."""


def fit(
    example: Example, tokens: Tokens, template: Template, limit: int, policy: Policy
) -> Tokens | None:
    """Shorten an example to `limit` tokens, or give None where that cannot be done.

    `truncate_prompt` takes away the beginning of the prompt's longest text, and keeps the template
    around it whole. `truncate_answer` cuts the end; there is no end token then, for the answer did
    not end there.
    """
    if policy == "truncate_prompt":
        return _shorter_prompt(example, template, limit)
    if policy == "truncate_answer":
        cut = Tokens(tokens.input_ids[:limit], tokens.labels[:limit])
        return cut if any(label != IGNORED for label in cut.labels) else None
    return None


def _shorter_prompt(example: Example, template: Template, limit: int) -> Tokens | None:
    """Halve the interval of what can stay, until it is exact to a character."""
    place = _longest(example)
    if place is None:
        return None
    best, low, high = None, 0, len(_text(example, place))
    while low < high:
        keep = (low + high + 1) // 2
        shorter = render.tokens(_with_end(example, place, keep), template)
        if len(shorter.input_ids) <= limit:
            best, low = shorter, keep
        else:
            high = keep - 1
    return best


def _longest(example: Example) -> Place | None:
    """The longest text of the prompt: a request without its input, or an input."""
    turns = enumerate(example.prompt)
    asked = [at for at, message in turns if message.role != "assistant"]
    places = [(at, name) for at in asked for name in ("content", "input")]
    return max(places, key=lambda place: len(_text(example, place)), default=None)


def _text(example: Example, place: Place) -> str:
    return getattr(example.messages[place[0]], place[1])


def _with_end(example: Example, place: Place, keep: int) -> Example:
    at, name = place
    text = _text(example, place)
    shorter = example.messages[at].model_copy(update={name: _CUT + text[len(text) - keep :]})
    messages = [*example.messages[:at], shorter, *example.messages[at + 1 :]]
    return example.model_copy(update={"messages": messages})
