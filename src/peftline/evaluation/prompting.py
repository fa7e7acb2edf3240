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
) -> list[str]:
    """Answer prompts, with worked examples before each of them if `shots` has any."""
    texts = [
        render.prompt_text(_after_shots(messages, shots), template, tools)
        for messages, tools in prompts
    ]
    ids = [_ids(text, template) for text in texts]
    return generation.generate(model, template.tokenizer, ids, max_new_tokens, batch_tokens, title)


def given_answers(
    example: Example, answers: list[Message], template: Template, shots: list[Example]
) -> list[render.Tokens]:
    """The same prompt with each of the answers, which alone are labelled, with their end tokens."""
    asked = [
        message.model_copy(update={"loss": False})
        for message in _after_shots(example.prompt, shots)
    ]
    conversations = (
        Example(
            id=example.id,
            group=example.group,
            origin=example.origin,
            messages=[*asked, answer.model_copy(update={"loss": True})],
            tools=example.tools,
        )
        for answer in answers
    )
    return render.labelled([render.rendered(one, template) for one in conversations], template)


def _after_shots(messages: list[Message], shots: list[Example]) -> list[Message]:
    """A prompt after worked examples, which stand after its system message."""
    system = [message for message in messages[:1] if message.role == "system"]
    before = [message for shot in shots for message in shot.messages]
    return [*system, *before, *messages[len(system) :]]


def _ids(text: str, template: Template) -> list[int]:
    ids = template.tokenizer(text, add_special_tokens=False)["input_ids"]
    return render.with_bos(ids, template)
