"""Tools on offer, calls and results: as templates get them, or written out where they cannot."""

import json
from collections.abc import Callable
from typing import Any

from peftline.formats.example import Message, ToolCall

# A conversation that shows what a template does with tools.
PROBE = [
    Message(role="user", content="USER"),
    Message(role="assistant", tool_calls=[ToolCall(name="CALL", arguments={"ARGUMENT": 1})]),
    Message(role="tool", content="RESULT"),
    Message(role="assistant", content="ANSWER"),
]
PROBE_TOOL = {"name": "OFFER", "description": "", "parameters": {"type": "object"}}
SHOWN = ["USER", "CALL", "ARGUMENT", "RESULT", "ANSWER", "OFFER"]

Change = Callable[[str], str]
_HOW = 'To call one, answer <tool_call>\n{"name": …, "arguments": {…}}\n</tool_call>'


def used(messages: list[Message]) -> bool:
    """Whether there are calls or results."""
    return any(message.tool_calls or message.role == "tool" for message in messages)


def turns(messages: list[Message], change: Change) -> list[dict[str, Any]]:
    """Turns as chat templates get them, with every text changed.

    Calls are numbered; a result has the number and the name of the call that it answers.
    """
    found = []
    number = 0
    waiting: list[dict[str, Any]] = []
    for message in messages:
        turn: dict[str, Any] = {"role": message.role, "content": change(message.text)}
        if message.tool_calls:
            waiting = []
            for call in message.tool_calls:
                number += 1
                waiting.append(_call(call, number, change))
            turn["tool_calls"] = list(waiting)
        elif message.role == "tool" and waiting:
            call = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            turn |= {"tool_call_id": call["id"], "name": call["function"]["name"]}
        found.append(turn)
    return found


def _call(call: ToolCall, number: int, change: Change) -> dict[str, Any]:
    return {
        "type": "function",
        "id": f"call{number:05}",  # Mistral asks for nine characters
        "function": {"name": change(call.name), "arguments": mapped(call.arguments, change)},
    }


def offered(tools: list[dict[str, Any]], change: Change) -> list[dict[str, Any]]:
    """Tools as chat templates get them, with every text changed."""
    return [{"type": "function", "function": mapped(tool, change)} for tool in tools]


def written_out(messages: list[Message], tools: list[dict[str, Any]]) -> list[Message]:
    """A conversation as texts only: tools in the system message, results in turns of the user."""
    written: list[Message] = []
    for message in messages:
        text, role = message.text, message.role
        if role == "tool":
            text, role = f"<tool_response>\n{text}\n</tool_response>", "user"
            if written and written[-1].role == "user":  # several results in a row
                text = f"{written.pop().text}\n{text}"
        elif message.tool_calls:
            text = call_text(message)
        else:
            written.append(message)
            continue
        written.append(Message(role=role, content=text, loss=message.loss))
    if not tools:
        return written
    text = f"{listed(tools)}\n{_HOW}"
    if written[0].role == "system":
        text = f"{written.pop(0).text}\n\n{text}"
    return [Message(role="system", content=text), *written]


def listed(tools: list[dict[str, Any]]) -> str:
    """Tools on offer as text, a line of JSON for each below a title."""
    lines = "\n".join(json.dumps(mapped(tool, str), ensure_ascii=False) for tool in tools)
    return f"Tools that may be called:\n{lines}"


def call_text(message: Message) -> str:
    """Calls as text, in the form of Hermes: a JSON object between two tags for each."""
    calls = [
        json.dumps(
            {"name": call.name, "arguments": mapped(call.arguments, str)}, ensure_ascii=False
        )
        for call in message.tool_calls
    ]
    parts = [message.text, *(f"<tool_call>\n{call}\n</tool_call>" for call in calls)]
    return "\n".join(part for part in parts if part)


def mapped(value: Any, change: Change) -> Any:
    """A JSON value with every text changed, and without fields that are null.

    A null in a file says that a field is not there; a template would write it out.
    """
    if isinstance(value, dict):
        items = value.items()
        return {change(name): mapped(one, change) for name, one in items if one is not None}
    if isinstance(value, list):
        return [mapped(one, change) for one in value]
    return change(value) if isinstance(value, str) else value
