"""Results of tool calls, given by the ids of the calls."""

import pytest

USER = {"role": "user", "content": "?"}
ANSWER = {"role": "assistant", "content": "!"}


def calling(*ids):
    calls = [
        {"name": f"tool{at}"} | ({} if id_ is None else {"id": id_}) for at, id_ in enumerate(ids)
    ]
    return {"role": "assistant", "tool_calls": calls}


def result(content, id_=None):
    return {"role": "tool", "content": content} | ({} if id_ is None else {"tool_call_id": id_})


@pytest.fixture
def results(read):
    """The texts of the results in the order in which they are kept."""

    def run(*turns):
        example = read({"messages": [USER, *turns, ANSWER]})
        return [message.content for message in example.messages if message.role == "tool"]

    return run


@pytest.mark.parametrize(
    ("ids", "given", "expected"),
    [
        (("c1", "c2"), [("a", "c1"), ("b", "c2")], ["a", "b"]),
        (("c1", "c2"), [("b", "c2"), ("a", "c1")], ["a", "b"]),
        (("x", "y", "z"), [("c", "z"), ("a", "x"), ("b", "y")], ["a", "b", "c"]),
        ((1, 2), [("b", 2), ("a", "1")], ["a", "b"]),
        (("c1", "c2"), [("a", None), ("b", None)], ["a", "b"]),
        (("c1", "c2"), [("b", "c2"), ("a", None)], ["a", "b"]),
        (("c", "c"), [("a", "c"), ("b", "c")], ["a", "b"]),
        ((None, None), [("a", "c2"), ("b", "c1")], ["a", "b"]),
    ],
)
def test_results_come_in_the_order_of_their_calls(results, ids, given, expected):
    assert results(calling(*ids), *(result(*one) for one in given)) == expected


def test_each_turn_of_calls_has_ids_of_its_own(results):
    first = calling("a", "b"), result("1b", "b"), result("1a", "a")
    second = calling("a", "b"), result("2b", "b"), result("2a", "a")
    assert results(*first, *second) == ["1a", "1b", "2a", "2b"]


@pytest.mark.parametrize("given", [("c1", "c9"), ("c1", "c1")])
def test_a_result_whose_call_does_not_wait_is_a_problem(problem, given):
    turns = [USER, calling("c1", "c2"), *(result("r", id_) for id_ in given), ANSWER]
    kind, message = problem({"messages": turns})
    assert kind == "tool_results"
    assert message == f"messages[1]: no call waits for the result with the id '{given[1]}'"


@pytest.mark.parametrize(
    ("ids", "given", "missing"),
    [
        (("c1", "c2"), [("[1, 2]", "c2")], 1),
        (("c1", "c2", "c3"), [("[1, 2]", "c2"), ("r", None)], 1),
        (("c1", "c2", "c3"), [("r", "c2")], 2),
        ((None, None), [("[1, 2]", "c2")], 1),
    ],
)
def test_a_list_with_an_id_is_the_result_of_one_call(problem, ids, given, missing):
    turns = [USER, calling(*ids), *(result(*one) for one in given), ANSWER]
    found = problem({"messages": turns})
    assert found == ("tool_results", f"messages[1]: results of its calls are missing: {missing}")


def test_a_list_without_an_id_may_be_the_results_of_several_calls(results):
    given = result("[1, 2]"), result("b", "c2")
    assert results(calling("c1", "c2", "c3"), *given) == ["[1, 2]", "b"]


def test_more_results_than_calls_are_a_problem_with_ids_too(problem):
    turns = [USER, calling("c1"), result("a", "c1"), result("b"), ANSWER]
    assert problem({"messages": turns})[0] == "tool_results"


def test_an_older_call_has_no_id(results):
    older = {"role": "assistant", "function_call": {"name": "f"}, "tool_calls": "none"}
    assert results(older, result("a", "c1")) == ["a"]
