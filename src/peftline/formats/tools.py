"""Tools on offer and calls of them, as ShareGPT and OpenAI write them."""

import json
from typing import Any

from peftline.formats.example import ToolCall
from peftline.formats.problem import RowProblem


def offered(value: Any) -> list[dict[str, Any]]:
    """Read the tools on offer: a list, or a list as a JSON string; OpenAI's wrapping removed.

    Raises:
        RowProblem: they cannot be read, or one has no name.
    """
    if isinstance(value, str) and value.strip():
        value = _json(value, "bad_tools", "field 'tools'")
    if value in (None, "", []) or isinstance(value, str) and not value.strip():
        return []
    value = [value] if isinstance(value, dict) else value
    if not isinstance(value, list):
        raise RowProblem("bad_tools", f"field 'tools' is {type(value).__name__}, not a list")
    found = [one.get("function", one) if isinstance(one, dict) else one for one in value]
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise RowProblem("bad_tools", "field 'tools': a tool has no name")
    return found


def calls_of(turn: dict[str, Any], field: str) -> list[ToolCall]:
    """Read the calls of an OpenAI turn: `tool_calls`, or the older `function_call`.

    Raises:
        RowProblem: a call cannot be read.
    """
    if turn.get("function_call"):
        return [call(turn["function_call"], f"{field}.function_call")]
    calls = turn.get("tool_calls") or []
    if not isinstance(calls, list):
        raise RowProblem(
            "bad_tool_call", f"{field}.tool_calls is {type(calls).__name__}, not a list"
        )
    return [call(one, f"{field}.tool_calls") for one in calls]


def calls_in(content: str, field: str) -> list[ToolCall]:
    """Read the call, or the list of calls, that a ShareGPT turn holds as JSON.

    Raises:
        RowProblem: it is not JSON, or a call cannot be read.
    """
    value = _json(content, "bad_tool_call", field)
    return [call(one, field) for one in (value if isinstance(value, list) else [value])]


def call(value: Any, field: str) -> ToolCall:
    """Read a call: `name` and `arguments`, in OpenAI's form inside `function`.

    Raises:
        RowProblem: there is no name, or the arguments are no JSON object.
    """
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise RowProblem("bad_tool_call", f"{field}: a call has no name")
    what = f"{field}: the arguments of '{value['name']:.50}'"
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        arguments = _json(arguments or "{}", "bad_tool_call", what)
    if not isinstance(arguments, dict | None):
        raise RowProblem("bad_tool_call", f"{what} are {type(arguments).__name__}, not an object")
    return ToolCall(name=value["name"], arguments=arguments or {})


def _json(value: str, kind: str, what: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise RowProblem(kind, f"{what}: not JSON") from None
