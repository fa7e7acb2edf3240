"""Ask a model: prompts rendered as in training, worked examples before them computed once."""

import os
from typing import TYPE_CHECKING, Any

from peftline.evaluation import generation
from peftline.formats.example import Example, Message
from peftline.rendering import render
from peftline.rendering.template import Template

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Prompt = tuple[list[Message], list[dict[str, Any]]]
"""Messages, and the tools on offer."""


def answer(
    model: "PreTrainedModel",
    template: Template,
    prompts: list[Prompt],
    max_new_tokens: int,
    batch_tokens: int,
    shots: list[Example],
    title: str,
) -> list[str]:
    """Answer prompts, with worked examples before each of them if `shots` has any."""
    before = [message for shot in shots for message in shot.messages]
    texts = [_text(before, prompt, template) for prompt in prompts]
    prefix = _shared(before, prompts[0], template) if before else ""
    if not all(text.startswith(prefix) for text in texts):
        prefix = ""  # such as a system message of its own in each prompt
    ids = [_ids(text, prefix, template) for text in texts]
    shared = _ids(prefix, "", template) if prefix else None
    return generation.generate(
        model, template.tokenizer, ids, max_new_tokens, batch_tokens, shared, title
    )


def _text(before: list[Message], prompt: Prompt, template: Template) -> str:
    """The prompt's text; worked examples stand after its system message."""
    messages, tools = prompt
    system = _system(messages)
    return render.prompt_text([*system, *before, *messages[len(system) :]], template, tools)


def _system(messages: list[Message]) -> list[Message]:
    return [message for message in messages[:1] if message.role == "system"]


def _ids(text: str, prefix: str, template: Template) -> list[int]:
    if prefix:  # which has the beginning-of-sequence token already
        rest = text.removeprefix(prefix)
        return template.tokenizer(rest, add_special_tokens=False)["input_ids"]
    ids = template.tokenizer(text, add_special_tokens=False)["input_ids"]
    return render.with_bos(ids, template)


def _shared(before: list[Message], prompt: Prompt, template: Template) -> str:
    """The text of the shots, up to the last end token before two different prompts part.

    It ends there because no token reaches over the beginning of a special one.
    """
    messages, tools = prompt
    other = ([*_system(messages), Message(role="user", content="\u0000")], tools)
    shared = os.path.commonprefix([_text(before, one, template) for one in (prompt, other)])
    return shared[: max(0, shared.rfind(template.end_text))]
