"""Where the assistant's words stand in a rendered conversation."""

from peftline.errors import PeftlineError
from peftline.rendering.conversation import Conversation
from peftline.rendering.template import Template

_MARK = "\ue000answer\ue001"  # private use: in no text and no template

Span = tuple[int, int]


def span(template: Template, conversation: Conversation, full: str, at: int) -> Span:
    """Begin and end of one of the assistant's turns, with the token that ends it.

    It begins where the model begins to speak: after the text that it is given when this turn is
    asked of it. This holds if the whole conversation shows that text, then what was said word by
    word, then the end token; otherwise the turn is rendered as the last one and compared. Where a
    template rewrites earlier turns (Qwen3 leaves out their thoughts), it is what is still shown.

    Args:
        full: the whole conversation rendered.
        at: number of the turn.

    Raises:
        PeftlineError: the text before the last turn is not what the model is given when asked, or
            what is shown of an earlier turn is not the end of what was said.
    """
    prompt = template.text(conversation, at, generation_prompt=True)
    turn = conversation.turns[at]
    said = f"{prompt}{turn['content']}{template.end_text}"
    if full.startswith(said) and "tool_calls" not in turn:  # as nearly always: no third rendering
        return len(prompt), len(said)
    is_last = at == len(conversation.turns) - 1
    alone = full if is_last else template.text(conversation, at + 1)
    end = _end(template, alone, len(prompt))
    if alone.startswith(prompt) and full[:end] == alone[:end]:
        return len(prompt), end
    found = None if is_last else _still_shown(template, conversation, full, at, prompt)
    if found and _said(template, alone).endswith(full[slice(*found)].lstrip()):
        return found
    raise _unsound(conversation, at, alone if full.startswith(prompt) else prompt, full)


def _end(template: Template, text: str, begin: int) -> int:
    """After the first end token; a turn without one ends with its last visible character."""
    end = text.find(template.end_text, begin)
    return len(text.rstrip()) if end < 0 else end + len(template.end_text)


def _said(template: Template, alone: str) -> str:
    """A text up to the end of its last turn."""
    return alone[: _end(template, alone, max(0, alone.rfind(template.end_text)))]


def _still_shown(
    template: Template, conversation: Conversation, full: str, at: int, prompt: str
) -> Span | None:
    """What is shown of an earlier turn: from what stands before it to the next end token.

    What stands before it is seen in a rendering with a mark in place of its content.
    """
    turns = list(conversation.turns)
    turns[at] = {**turns[at], "content": _MARK}
    marked = Conversation(turns, conversation.tools)
    before, mark, _ = template.text(marked).partition(_MARK)
    if not mark or not full.startswith(before):
        return None
    # What the model itself puts before its words: Mistral's space.
    opening = template.text(marked, at + 1).partition(_MARK)[0]
    lead = opening.removeprefix(prompt) if opening.startswith(prompt) else ""
    return len(before.removesuffix(lead)), _end(template, full, len(before))


def _unsound(conversation: Conversation, at: int, expected: str, full: str) -> PeftlineError:
    pairs = zip(expected, full, strict=False)
    parted = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(full)))
    begin = max(0, parted - 10)
    return PeftlineError(
        f"The chat template gives turn {at + 1} ({conversation.turns[at]['content'][:40]!r}) no "
        "sound label, for it changes the text. When the turn is asked for or is the last: "
        f"{expected[begin : parted + 40]!r}. In the whole conversation: "
        f"{full[begin : parted + 40]!r}. Set `loss` of that turn to false, set "
        "rendering.format=alpaca, or use another base model."
    )
