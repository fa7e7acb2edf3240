import pytest

from peftline.formats import alpaca

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}


def test_a_row_becomes_a_request_and_an_answer():
    example = alpaca.to_example(ROW)
    request, answer = example.messages
    assert (request.role, request.content, request.input) == ("user", "Add.", "2 and 2")
    assert (answer.role, answer.content) == ("assistant", "4")
    assert example.prompt == [request]
    assert example.answer == "4"
    assert request.text == "Add.\n\n2 and 2"


@pytest.mark.parametrize("absent", [{}, {"input": ""}, {"input": None}])
def test_without_input_the_request_is_the_instruction_alone(absent):
    example = alpaca.to_example({"instruction": "Say hello.", "output": "Hello."} | absent)
    assert example.prompt[0].text == "Say hello."


def test_a_row_is_recognised_by_its_fields():
    assert alpaca.matches(ROW)
    assert alpaca.matches({"instruction": "", "output": ""})
    assert not alpaca.matches({"prompt": "Add.", "completion": "4"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"instruction": None}, "field 'instruction' is missing"),
        ({"output": None}, "field 'output' is missing"),
        ({"instruction": 3}, "field 'instruction' is int, not text"),
        ({"output": ["4"]}, "field 'output' is list, not text"),
        ({"input": {"a": 1}}, "field 'input' is dict, not text"),
        ({"instruction": " \n"}, "field 'instruction' is empty"),
    ],
)
def test_a_problem_names_the_field(change, problem):
    assert alpaca.problem(ROW | change) == problem


def test_an_absent_field_is_a_problem():
    assert alpaca.problem({"instruction": "Add."}) == "field 'output' is missing"
    assert alpaca.problem(ROW) is None


@pytest.mark.parametrize("output", ["", " ", "\n\t"])
def test_white_space_is_no_answer(output):
    assert not alpaca.is_answered(ROW | {"output": output})
    assert alpaca.is_answered(ROW | {"output": f"{output}4"})


def test_identity_depends_on_every_field_and_nothing_else():
    first = alpaca.to_example(ROW)
    assert alpaca.to_example(ROW | {"comment": "x"}).id == first.id
    for field in ROW:
        assert alpaca.to_example(ROW | {field: "other"}).id != first.id


def test_id_group_and_split_of_the_source_are_kept():
    row = ROW | {"id": 17, "group": "sums", "split": "test"}
    example = alpaca.to_example(row)
    assert (example.id, example.group, example.split) == ("17", "sums", "test")
    plain = alpaca.to_example(ROW)
    assert plain.group == alpaca.to_example(ROW | {"output": "Another answer."}).group
    assert plain.group != alpaca.to_example(ROW | {"instruction": "Another prompt."}).group
    assert plain.split is None


def test_a_group_may_have_the_number_zero():
    zero = [alpaca.to_example(ROW | {"input": text, "group": 0, "id": 0}) for text in "ab"]
    assert [row.group for row in zero] == ["0", "0"]
    assert [row.id for row in zero] == ["0", "0"]


def test_a_side_that_does_not_exist_is_a_problem():
    problem = alpaca.problem(ROW | {"split": "dev"})
    assert problem == "field 'split' is 'dev', not one of train, validation, test"
    assert alpaca.problem(ROW | {"split": ""}) is None
