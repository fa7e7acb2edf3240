import pytest

from peftline import formats

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


def test_a_row_becomes_a_request_and_an_answer(read):
    example = read(ROW)
    request, answer = example.messages
    assert (request.role, request.content, request.input) == ("user", "Add.", "2 and 2")
    assert (answer.role, answer.content) == ("assistant", "4")
    assert example.prompt == [request]
    assert example.answer == "4"
    assert request.text == "Add.\n\n2 and 2"


@pytest.mark.parametrize("absent", [{}, {"input": ""}, {"input": None}])
def test_without_input_the_request_is_the_instruction_alone(read, absent):
    example = read({"instruction": "Say hello.", "output": "Hello."} | absent)
    assert example.prompt[0].text == "Say hello."


def test_a_row_is_recognised_by_its_fields():
    assert formats.detect(ROW) == "alpaca"
    assert formats.detect({"instruction": "", "output": ""}) == "alpaca"
    assert formats.detect({"instruction": "Add."}) is None


@pytest.mark.parametrize("name", ["system", "system_prompt"])
def test_a_system_text_and_earlier_turns_come_before_the_request(read, dialogue, name):
    history = [["One?", "1"], ["Two?", "2"]]
    example = read(ROW | {name: "Be brief.", "history": history})
    assert dialogue(example) == [
        ("system", "Be brief."),
        ("user", "One?"),
        ("assistant", "1"),
        ("user", "Two?"),
        ("assistant", "2"),
        ("user", "Add.\n\n2 and 2"),
        ("assistant", "4"),
    ]


@pytest.mark.parametrize("history", [None, [], ""])
def test_no_history_is_no_problem(read, history):
    assert len(read(ROW | {"history": history}).messages) == 2


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"instruction": None}, "missing_field", "field 'instruction' is missing"),
        ({"output": None}, "missing_field", "field 'output' is missing"),
        ({"instruction": 3}, "wrong_type", "field 'instruction' is int, not text"),
        ({"output": ["4"]}, "wrong_type", "field 'output' is list, not text"),
        ({"input": {"a": 1}}, "wrong_type", "field 'input' is dict, not text"),
        ({"system": ["a"]}, "wrong_type", "field 'system' is list, not text"),
        ({"history": "a"}, "wrong_type", "field 'history' is no list of pairs of texts"),
        ({"history": 5}, "wrong_type", "field 'history' is no list of pairs of texts"),
        ({"history": [["a"]]}, "wrong_type", "field 'history' is no list of pairs of texts"),
        ({"history": [["a", 1]]}, "wrong_type", "field 'history' is no list of pairs of texts"),
    ],
)
def test_a_problem_names_the_field(problem, change, kind, message):
    assert problem(ROW | change) == (kind, message)


def test_an_absent_field_is_a_problem(problem):
    found = problem({"instruction": "Add."}, "alpaca")
    assert found == ("missing_field", "field 'output' is missing")
