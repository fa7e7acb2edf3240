"""Ask a model: prompts rendered as in training, with worked examples before them if wanted."""

from typing import TYPE_CHECKING, Any

from peftline.base_model import context
from peftline.errors import PeftlineError
from peftline.evaluation import generation
from peftline.formats.example import Example, Message
from peftline.rendering import render
from peftline.rendering import tools as written
from peftline.rendering.template import Template

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADVICE = (
    "Shorten these rows or leave them out, lower max_new_tokens, or take a base model that reads "
    "more."
)

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
    names: list[str] | None = None,
    what: str = "prompts",
) -> list[generation.Answer]:
    """Answer prompts, with worked examples before each of them if `shots` has any.

    Args:
        names: of the prompts, for messages; by default their numbers.
        what: they are, for messages.

    Raises:
        PeftlineError: prompts are longer than the model can read; none has been asked then.
    """
    ids = token_ids(prompts, template, shots)
    names = names or [f"prompt {number}" for number in range(1, len(ids) + 1)]
    tokens = [len(prompt) + max_new_tokens for prompt in ids]
    check_lengths(names, tokens, model, what)
    return generation.generate(model, template.tokenizer, ids, max_new_tokens, batch_tokens, title)


def token_ids(prompts: list[Prompt], template: Template, shots: list[Example]) -> list[list[int]]:
    """What a model reads of each prompt, with worked examples before it."""
    texts = (
        render.prompt_text(after_shots(messages, tools, shots), template, tools)
        for messages, tools in prompts
    )
    return [_ids(text, template) for text in texts]


def check_lengths(names: list[str], tokens: list[int], model: Any, what: str) -> None:
    """Make sure that a model can read all that it will be asked.

    Raises:
        PeftlineError: it cannot; the message names all of that.
    """
    most = context.tokens_left(model)
    if problem := context.why_too_long(names, tokens, most, what):
        raise PeftlineError(f"{problem} {ADVICE}")


def given_answers(
    example: Example, answers: list[Message], template: Template, shots: list[Example]
) -> list[render.Tokens]:
    """The same prompt with each of the answers, which alone are labelled, with their end tokens."""
    asked = [
        message.model_copy(update={"loss": False})
        for message in after_shots(example.prompt, example.tools, shots)
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


def after_shots(
    messages: list[Message], tools: list[dict[str, Any]], shots: list[Example]
) -> list[Message]:
    """A prompt after worked examples, which stand after its own system message.

    A prompt has one system message and one list of tools on offer, and both are those of the
    question. A worked example that has others brings them in its own request.
    """
    system = _system(messages)
    before = [turn for shot in shots for turn in _shown(shot, system, tools)]
    return [*system, *before, *messages[len(system) :]]


def refusal(questions: list[Example], shots: list[Example], template: Template) -> str:
    """Why the template cannot show worked examples before questions; empty if it can."""
    try:
        for question in questions:
            messages = after_shots(question.prompt, question.tools, shots)
            if question.prompt:  # plain text has none
                render.prompt_text(messages, template, question.tools)
    except PeftlineError as error:
        return error.message
    return ""


def _shown(shot: Example, system: list[Message], tools: list[dict[str, Any]]) -> list[Message]:
    """The turns of a worked example; its request says what the question's prompt does not."""
    own, common = _system(shot.turns), {message.text for message in system}
    request, *others = shot.turns[len(own) :]
    said = [message.text for message in own if message.text not in common]
    if shot.tools and shot.tools != tools:
        said.append(written.listed(shot.tools))
    if not said:
        return [request, *others]
    content = "\n\n".join([*said, request.content])
    return [request.model_copy(update={"content": content}), *others]


def _system(messages: list[Message]) -> list[Message]:
    return [message for message in messages[:1] if message.role == "system"]


def _ids(text: str, template: Template) -> list[int]:
    ids = template.tokenizer(text, add_special_tokens=False)["input_ids"]
    return render.with_bos(ids, template)
