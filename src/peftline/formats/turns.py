"""Turns of conversations, as ShareGPT and OpenAI write them, and their order."""

from typing import Any

from peftline.formats import tools
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
_LOSS = ("loss", "weight", "train")


def conversation(row: dict[str, Any], messages: list[Message]) -> dict[str, Any]:
    """The fields of an example: turns in order, after the row's system text, and its tools.

    Raises:
        RowProblem: the turns stand in an impossible order, or the tools cannot be read.
    """
    messages = [*system(row), *messages]
    check(messages)
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
    value = row.get(field)
    if isinstance(value, str):
        return [Message(role=role, content=value)]
    if not isinstance(value, dict | list | None):
        found = type(value).__name__
        raise RowProblem("wrong_type", f"field '{field}' is {found}, neither text nor turns")
    return [turn(value, field)] if isinstance(value, dict) else read(value, field)


def read(turns: Any, field: str) -> list[Message]:
    """Read a list of turns of either style.

    Raises:
        RowProblem: a turn is no object, has an unknown role, no text, or a call that is not JSON.
    """
    return [turn(value, f"{field}[{at}]") for at, value in enumerate(items(turns, field))]


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


def check(messages: list[Message]) -> None:
    """Check the order of turns.

    Raises:
        RowProblem: an assistant begins, a turn follows one of its own kind, a result follows no
            call, a call has no result, or the last turn is not the assistant's.
    """
    before: Message | None = None
    for at, message in enumerate(messages):
        where = f"turn {at + 1} ({message.role})"
        if message.role == "system":
            if at:
                raise RowProblem("turn_order", f"{where}: a system turn that is not the first")
            continue
        if before is None and message.role != "user":
            raise RowProblem("turn_order", f"{where}: the conversation does not begin with a user")
        if before is not None:
            _check_pair(before, message, where)
        before = message
    if before is None:
        raise RowProblem("turn_order", "there is no turn of a user")
    if before.role != "assistant":
        raise RowProblem("turn_order", "the last turn is not the assistant's")


def _check_pair(before: Message, message: Message, where: str) -> None:
    calling = before.role == "assistant" and bool(before.tool_calls)
    if message.role == "tool":
        if not calling and before.role != "tool":
            raise RowProblem("tool_results", f"{where}: a result without a call before it")
    elif calling:
        raise RowProblem("tool_results", f"{where}: the call before it has no result")
    elif message.role == before.role:
        raise RowProblem("turn_order", f"{where}: two {message.role} turns in a row")
    elif before.role == "tool" and message.role == "user":
        raise RowProblem("turn_order", f"{where}: a user turn where the assistant should answer")
