"""Turns in both styles, and their order."""

import json

import pytest

TOOL = {"name": "weather", "description": "Weather.", "parameters": {"type": "object"}}
ARGUMENTS = {"city": "Bern", "days": 2}
CALL = {"name": "weather", "arguments": ARGUMENTS}


def said(*turns):
    return {"conversations": [{"from": name, "value": value} for name, value in turns]}


def messages(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def test_sharegpt_turns_are_read_with_system_and_tools(read, dialogue):
    row = said(("human", "Weather?"), ("gpt", "Where?"), ("human", "Bern"), ("gpt", "Rain."))
    example = read(row | {"system": "Be brief.", "tools": json.dumps([TOOL])})
    assert dialogue(example) == [
        ("system", "Be brief."),
        ("user", "Weather?"),
        ("assistant", "Where?"),
        ("user", "Bern"),
        ("assistant", "Rain."),
    ]
    assert example.tools == [TOOL]
    assert example.kind == "conversation"


def test_a_sharegpt_call_is_a_turn_of_the_assistant_and_its_result_one_of_the_tool(read, dialogue):
    turns = ("human", "Weather?"), ("function_call", json.dumps(CALL)), ("observation", "Rain")
    example = read(said(*turns, ("gpt", "It rains.")))
    assert [role for role, _ in dialogue(example)] == ["user", "assistant", "tool", "assistant"]
    call = example.messages[1].tool_calls[0]
    assert (call.name, call.arguments, example.messages[1].content) == ("weather", ARGUMENTS, "")


def test_a_sharegpt_turn_may_hold_several_calls(read):
    turns = ("human", "Weather?"), ("function_call", json.dumps([CALL, CALL]))
    assert len(read(said(*turns)).messages[-1].tool_calls) == 2


@pytest.mark.parametrize(
    "calls",
    [
        {"tool_calls": [{"type": "function", "function": CALL}]},
        {"tool_calls": [CALL]},
        {"tool_calls": [{"function": CALL | {"arguments": json.dumps(ARGUMENTS)}}]},
        {"tool_calls": [{"name": "weather", "parameters": ARGUMENTS}]},
        {"function_call": CALL | {"arguments": json.dumps(ARGUMENTS)}},
    ],
)
@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}])
def test_openai_calls_are_read_in_all_their_forms(read, calls, content):
    row = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant"} | content | calls]}
    call = read(row).messages[1].tool_calls[0]
    assert (call.name, call.arguments) == ("weather", ARGUMENTS)


@pytest.mark.parametrize("arguments", [None, "", "{}", {}])
def test_a_call_may_have_no_arguments(read, arguments):
    call = {"name": "stop", "arguments": arguments}
    row = {"messages": [{"role": "user", "content": "?"}, {"role": "model", "tool_calls": [call]}]}
    assert read(row).messages[1].tool_calls[0].arguments == {}


def test_parts_of_text_are_joined(read):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read(messages(("user", parts), ("assistant", "c"))).messages[0].content == "ab"


@pytest.mark.parametrize(
    "row",
    [
        said(("human", "a"), ("gpt", "b")),
        messages(("user", "a"), ("assistant", "b")),
        messages(("user", "a"), ("assistant", "b")) | {"label": True},
        {"messages": [{"role": "user", "content": "a"}], "chosen": "b", "rejected": "c"},
    ],
)
def test_a_conversation_may_stand_in_a_cell_as_json(read, dialogue, row):
    cells = {
        name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()
    }
    assert dialogue(read(cells)) == dialogue(read(row)) == [("user", "a"), ("assistant", "b")]


def test_a_prompt_that_looks_like_json_stays_a_text(read, dialogue):
    example = read({"prompt": '[{"role": "user"}]', "completion": "[]"})
    assert dialogue(example) == [("user", '[{"role": "user"}]'), ("assistant", "[]")]


@pytest.mark.parametrize("role", ["User", "HUMAN", "user"])
def test_the_case_of_roles_does_not_matter(read, role):
    assert read(messages((role, "a"), ("Assistant", "b"))).messages[0].role == "user"


@pytest.mark.parametrize("name", ["loss", "weight", "train"])
def test_turns_may_say_that_they_carry_no_loss(read, name):
    turns = messages(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    turns["messages"][1][name] = 0
    assert [m.loss for m in read(turns).messages] == [True, False, True, True]


@pytest.mark.parametrize(
    "tools",
    [
        [TOOL],
        TOOL,
        json.dumps([TOOL]),
        json.dumps(TOOL),
        [{"type": "function", "function": TOOL}],
        json.dumps([{"type": "function", "function": TOOL}]),
    ],
)
def test_tools_are_read_in_all_their_forms(read, tools):
    assert read(messages(("user", "a"), ("assistant", "b")) | {"tools": tools}).tools == [TOOL]


@pytest.mark.parametrize("tools", [None, "", " ", [], "[]", "null"])
def test_no_tools_are_no_problem(read, tools):
    assert read(messages(("user", "a"), ("assistant", "b")) | {"tools": tools}).tools == []


USER, ANSWER = ("user", "a"), ("assistant", "b")
CALLING = {"role": "assistant", "tool_calls": [CALL]}
TWICE = {"role": "assistant", "tool_calls": [CALL, CALL]}


@pytest.mark.parametrize(
    ("turns", "kind", "message"),
    [
        ([], "missing_field", "field 'messages' is missing or empty"),
        (None, "missing_field", "field 'messages' is missing or empty"),
        ("hello", "wrong_type", "field 'messages' is str, not a list"),
        ('{"role": "user"}', "wrong_type", "field 'messages' is str, not a list"),
        ("[" * 5000, "wrong_type", "field 'messages' is str, not a list"),
        (["hello"], "wrong_type", "messages[0] is str, not a turn"),
        ([{"content": "a"}], "missing_field", "field 'messages[0].role' is missing"),
        ([{"role": 1, "content": "a"}], "wrong_type", "'messages[0].role' is int, not text"),
        ([{"role": "user"}], "missing_field", "field 'messages[0].content' is missing"),
        ([{"role": "user", "content": {}}], "wrong_type", "'messages[0].content' is dict"),
        (
            [{"role": "user", "content": [{"type": "image"}]}],
            "wrong_type",
            "messages[0].content has parts that are not text",
        ),
        ([{"role": "user", "content": ["a"]}], "wrong_type", "parts that are not text"),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            "missing_field",
            "field 'messages[0].content.text' is missing",
        ),
        ([{"role": "narrator", "content": "a"}], "unknown_role", "messages[0].role is 'narrator'"),
        (
            [{"role": "user", "content": "a", "loss": "no"}],
            "wrong_type",
            "messages[0].loss is not true or false",
        ),
        ([{"role": "assistant", "tool_calls": "f"}], "bad_tool_call", "tool_calls is str"),
        ([{"role": "assistant", "tool_calls": [{}]}], "bad_tool_call", "a call has no name"),
        ([{"role": "assistant", "tool_calls": ["f"]}], "bad_tool_call", "a call has no name"),
        (
            [{"role": "assistant", "tool_calls": [CALL | {"arguments": "{city"}]}],
            "bad_tool_call",
            "the arguments of 'weather': not JSON",
        ),
        (
            [{"role": "assistant", "tool_calls": [CALL | {"arguments": [1]}]}],
            "bad_tool_call",
            "the arguments of 'weather' are list, not an object",
        ),
        ([{"from": "function_call", "value": "f()"}], "bad_tool_call", "messages[0].value: not"),
    ],
)
def test_a_turn_that_cannot_be_read_is_named(problem, turns, kind, message):
    found = problem({"messages": turns})
    assert found[0] == kind
    assert message in found[1]


@pytest.mark.parametrize(
    ("turns", "kind", "message"),
    [
        ([ANSWER], "turn_order", "turn 1 (assistant): the conversation does not begin with a user"),
        ([("system", "s")], "turn_order", "there is no turn of a user"),
        ([USER], "turn_order", "the last turn is not the assistant's"),
        ([USER, USER, ANSWER], "turn_order", "turn 2 (user): two user turns in a row"),
        ([USER, ANSWER, ANSWER], "turn_order", "turn 3 (assistant): two assistant turns in a row"),
        ([USER, ("system", "s"), ANSWER], "turn_order", "turn 2 (system): a system turn"),
        ([("tool", "r"), USER, ANSWER], "turn_order", "turn 1 (tool): the conversation does not"),
        ([USER, ("tool", "r"), ANSWER], "tool_results", "turn 2 (tool): a result without a call"),
        ([USER, ANSWER, ("tool", "r"), ANSWER], "tool_results", "turn 3 (tool): a result without"),
        ([USER, CALLING, ANSWER], "tool_results", "turn 3 (assistant): the call before it has no"),
        ([USER, TWICE, ("tool", "r"), ANSWER], "tool_results", "turn 4 (assistant): results"),
        ([USER, TWICE, ("tool", "[1]"), ANSWER], "tool_results", "turn 4 (assistant): results"),
        (
            [USER, CALLING, ("tool", "r"), ("tool", "r"), ANSWER],
            "tool_results",
            "turn 4 (tool): a result too many; calls: 1",
        ),
        ([USER, CALLING, USER, ANSWER], "tool_results", "turn 3 (user): the call before it has no"),
        ([USER, CALLING, ("tool", "r"), USER, ANSWER], "turn_order", "turn 4 (user): a user turn"),
        ([USER, CALLING, ("tool", "r")], "turn_order", "the last turn is not the assistant's"),
    ],
)
def test_an_impossible_order_is_named_by_its_turn(problem, turns, kind, message):
    listed = [
        turn if isinstance(turn, dict) else {"role": turn[0], "content": turn[1]} for turn in turns
    ]
    found = problem({"messages": listed})
    assert found[0] == kind
    assert found[1].startswith(message)


@pytest.mark.parametrize(
    "turns",
    [
        [USER, ANSWER],
        [("system", "s"), USER, ANSWER, USER, ANSWER],
        [USER, CALLING],
        [USER, CALLING, ("tool", '["Rain", "Sun", "Rain"]'), ANSWER],
        [USER, TWICE, ("tool", '["Rain", "Sun"]'), ("tool", "[1, 2]"), ANSWER],
        [USER, CALLING, ("tool", "r"), CALLING, ("tool", "r"), ANSWER, USER, ANSWER],
        [USER, TWICE, ("tool", "r"), ("tool", "r"), ANSWER],
        [USER, TWICE, ("tool", '["Rain", "Sun"]'), ANSWER],
        [USER, TWICE, ("tool", "r"), ("tool", "r"), CALLING, ("tool", "r"), TWICE],
    ],
)
def test_a_possible_order_is_accepted(read, turns):
    listed = [
        turn if isinstance(turn, dict) else {"role": turn[0], "content": turn[1]} for turn in turns
    ]
    assert len(read({"messages": listed}).messages) == len(turns)


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ("call me", "field 'tools': not JSON"),
        (5, "field 'tools' is int, not a list"),
        ("7", "field 'tools' is int, not a list"),
        ([{"description": "?"}], "field 'tools': a tool has no name"),
        (["weather"], "field 'tools': a tool has no name"),
        ([{"type": "function", "function": None}], "field 'tools': a tool has no name"),
    ],
)
def test_tools_that_cannot_be_read_are_a_problem(problem, tools, message):
    row = messages(USER, ANSWER) | {"tools": tools}
    assert problem(row) == ("bad_tools", message)
