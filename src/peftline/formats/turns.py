"""Turns of conversations, as ShareGPT and OpenAI write them."""

import json
from typing import Any

from peftline.formats import order, results, tools
from peftline.formats.example import Message
from peftline.formats.problem import RowProblem, items, text

# What data sets call the four roles. A function call is a turn of the assistant.
ROLES = {
    "system": "system",
    "developer": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "function_response": "tool",
    "tool": "tool",
    "function": "tool",
}
_CONVERSATIONS = ("messages", "conversations")  # columns that never hold a text by somebody
_LOSS = ("loss", "weight", "train")


def conversation(row: dict[str, Any], messages: list[Message]) -> dict[str, Any]:
    """The fields of an example: turns in order, after the row's system text, and its tools.

    Raises:
        RowProblem: the turns stand in an impossible order, or the tools cannot be read.
    """
    messages = [*system(row), *messages]
    order.check(messages)
    return {"messages": messages, "tools": tools.offered(row.get("tools"))}


def system(row: dict[str, Any]) -> list[Message]:
    """The system turn that a row has outside of its turns, if any."""
    content = text(row, "system", "") or text(row, "system_prompt", "")
    return [Message(role="system", content=content)] if content else []


def request(row: dict[str, Any]) -> Message:
    """The request of an Alpaca row."""
    content = text(row, "instruction")
    return Message(role="user", content=content, input=text(row, "input", ""))


def texts_or_turns(row: dict[str, Any], field: str, role: str) -> list[Message]:
    """Turns that stand as a list, as one turn, or as the text of one turn by `role`.

    Raises:
        RowProblem: the field is missing, or a turn cannot be read.
    """
    value = _parsed(row.get(field)) if field in _CONVERSATIONS else row.get(field)
    if isinstance(value, str):
        return [Message(role=role, content=value)]
    if not isinstance(value, dict | list | None):
        found = type(value).__name__
        raise RowProblem("wrong_type", f"field '{field}' is {found}, neither text nor turns")
    return [turn(value, field)] if isinstance(value, dict) else read(value, field)


def read(turns: Any, field: str) -> list[Message]:
    """Read a list of turns of either style, or a list as a JSON string.

    Raises:
        RowProblem: a turn is no object, has an unknown role, no text, or a call that is not JSON;
            or a result names a call that does not wait for one.
    """
    listed = items(_parsed(turns), field)
    messages = [turn(value, f"{field}[{at}]") for at, value in enumerate(listed)]
    return results.in_order(messages, listed, field)


def _parsed(value: Any) -> Any:
    """The list that a text holds as JSON, for CSV has no lists; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, list) else value


def turn(value: Any, field: str) -> Message:
    """Read one turn: `from` and `value`, or `role` and `content`."""
    if not isinstance(value, dict):
        raise RowProblem("wrong_type", f"{field} is {type(value).__name__}, not a turn")
    named, body = ("from", "value") if "from" in value else ("role", "content")
    role = text(value, named, inside=field).lower()
    if role not in ROLES:
        raise RowProblem(
            "unknown_role", f"{field}.{named} is {role!r:.50}, not one of {', '.join(ROLES)}"
        )
    calls = tools.calls_of(value, field)
    content = _content(value, body, field, default="" if calls else None)
    if role == "function_call":
        calls, content = tools.calls_in(content, f"{field}.{body}"), ""
    return Message(
        role=ROLES[role], content=content, tool_calls=calls, loss=_carries_loss(value, field)
    )


def _content(value: dict[str, Any], body: str, field: str, default: str | None) -> str:
    parts = value.get(body)
    if not isinstance(parts, list):
        return text(value, body, default, inside=field)
    # OpenAI's parts of a message
    if not all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        raise RowProblem("wrong_type", f"{field}.{body} has parts that are not text")
    return "".join(text(part, "text", inside=f"{field}.{body}") for part in parts)


def _carries_loss(value: dict[str, Any], field: str) -> bool:
    for name in _LOSS:
        if value.get(name) is not None:
            if not isinstance(value[name], bool | int | float):
                raise RowProblem("wrong_type", f"{field}.{name} is not true or false")
            return bool(value[name])
    return True
