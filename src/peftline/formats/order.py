"""The order in which turns may stand: who speaks after whom, and a result for every call."""

import json

from peftline.formats.example import Message
from peftline.formats.problem import RowProblem


def check(messages: list[Message]) -> None:
    """Check the order of turns.

    Raises:
        RowProblem: an assistant begins, a turn follows one of its own kind, a result follows no
            call, calls have no, too few or too many results, or the last turn is not the
            assistant's.
    """
    before: Message | None = None
    calls = turns = results = 0  # calls of the assistant, turns after them, results in these
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
        if message.role == "tool":
            turns, results = turns + 1, results + count_results(message)
            if turns > calls:
                raise RowProblem("tool_results", f"{where}: a result too many; calls: {calls}")
        elif results < calls:
            missing = calls - results
            raise RowProblem("tool_results", f"{where}: results before it are missing: {missing}")
        else:
            calls, turns, results = len(message.tool_calls), 0, 0
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


def count_results(message: Message) -> int:
    """How many calls a turn without an id may answer.

    ShareGPT puts results of several into one, as a list. The result of a single call may be a
    list as well, so there may be more of them than calls.
    """
    try:
        content = json.loads(message.content)
    except (ValueError, RecursionError):
        return 1
    return max(1, len(content)) if isinstance(content, list) else 1
