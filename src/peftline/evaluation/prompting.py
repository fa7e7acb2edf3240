"""Ask a model: prompts rendered as in training, with worked examples before them if wanted."""

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
) -> list[generation.Answer]:
    """Answer prompts, with worked examples before each of them if `shots` has any."""
    before = [message for shot in shots for message in shot.messages]
    ids = [_ids(_text(before, prompt, template), template) for prompt in prompts]
    return generation.generate(model, template.tokenizer, ids, max_new_tokens, batch_tokens, title)


def _text(before: list[Message], prompt: Prompt, template: Template) -> str:
    """The prompt's text; worked examples stand after its system message."""
    messages, tools = prompt
    system = [message for message in messages[:1] if message.role == "system"]
    return render.prompt_text([*system, *before, *messages[len(system) :]], template, tools)


def _ids(text: str, template: Template) -> list[int]:
    ids = template.tokenizer(text, add_special_tokens=False)["input_ids"]
    return render.with_bos(ids, template)
