"""Which result answers which call: by id where there are ids, otherwise by position."""

from itertools import chain, count
from typing import Any

from peftline.formats import order
from peftline.formats.example import Message
from peftline.formats.problem import RowProblem


def in_order(messages: list[Message], turns: list[dict[str, Any]], field: str) -> list[Message]:
    """Messages with the results of calls in the order of the calls; ids are not needed any more.

    Args:
        turns: what each message was read from.

    Raises:
        RowProblem: a result names a call that is not there, or that has a result already; or
            a call has none where results have ids.
    """
    ordered = list(messages)
    for at, message in enumerate(messages):
        if not message.tool_calls:
            continue
        end = at + 1
        while end < len(messages) and messages[end].role == "tool":
            end += 1
        answering, where = slice(at + 1, end), f"{field}[{at}]"
        places = _places(turns[at], turns[answering], where)
        _check_number(len(message.tool_calls), messages[answering], turns[answering], where)
        answers = sorted(zip(places, messages[answering], strict=True), key=lambda one: one[0])
        ordered[answering] = [answer for _, answer in answers]
    return ordered


def _places(calling: dict[str, Any], answering: list[dict[str, Any]], where: str) -> list[int]:
    """For each result, the number of the call that it answers."""
    calls = [] if calling.get("function_call") else calling.get("tool_calls") or []
    waiting = dict(enumerate(_id(call, "id") for call in calls))
    if not any(waiting.values()):
        return list(range(len(answering)))
    places: list[int | None] = []
    for turn in answering:
        id_ = _id(turn, "tool_call_id")
        place = next((at for at, call in waiting.items() if call == id_), None) if id_ else None
        if id_ and place is None:
            raise RowProblem(
                "tool_results", f"{where}: no call waits for the result with the id '{id_:.50}'"
            )
        waiting.pop(place, None)
        places.append(place)
    rest = chain(waiting, count(len(places) + len(waiting)))  # what has no id goes where none is
    return [next(rest) if place is None else place for place in places]


def _check_number(
    calls: int, answering: list[Message], turns: list[dict[str, Any]], where: str
) -> None:
    """A result with an id answers one call, even if it is a list."""
    ids = [_id(turn, "tool_call_id") for turn in turns]
    pairs = zip(answering, ids, strict=True)
    missing = calls - sum(1 if id_ else order.count_results(message) for message, id_ in pairs)
    if any(ids) and missing > 0:
        raise RowProblem("tool_results", f"{where}: results of its calls are missing: {missing}")


def _id(value: dict[str, Any], field: str) -> str:
    return "" if value.get(field) is None else str(value[field])
