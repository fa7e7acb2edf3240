"""Messages and tools in the shape in which a chat template gets them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peftline.formats.example import Message
from peftline.rendering import templates, tools

if TYPE_CHECKING:
    from peftline.rendering.template import Template


@dataclass(frozen=True)
class Conversation:
    """Messages as a template gets them."""

    turns: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None


def prepare(
    messages: list[Message], template: "Template", offered: list[dict[str, Any]] | None = None
) -> Conversation:
    """Messages and tools as the template gets them: without nulls and special tokens.

    Where the template has no place for tools, they are described in the system message, and
    calls and results are written out; without one for a system message, it is put before the
    first request.
    """
    native = template.shows_tools if offered or tools.used(messages) else True
    if not native:
        messages = tools.written_out(messages, offered or [])
    if messages[0].role == "system" and len(messages) > 1 and not template.shows_system:
        messages = _system_in_request(messages)
    turns = tools.turns(messages, template.neutral)
    if template.source == templates.ALPACA:
        pairs = zip(messages, turns, strict=True)
        turns = [_in_two_parts(message, turn, template) for message, turn in pairs]
    shown = tools.offered(offered, template.neutral) if offered and native else None
    return Conversation(turns, shown)


def _system_in_request(messages: list[Message]) -> list[Message]:
    system, first, *rest = messages
    text = f"{system.text}\n\n{first.content}"
    return [first.model_copy(update={"content": text}), *rest]


def _in_two_parts(message: Message, turn: dict[str, Any], template: "Template") -> dict[str, Any]:
    if not message.input:
        return turn
    parts = {name: template.neutral(getattr(message, name)) for name in ("content", "input")}
    return turn | parts
