"""Which training examples the base is shown before each question."""

import pytest

from peftline.evaluation import shots
from peftline.formats.example import Example, Message, ToolCall


def example(roles, at=0, answer=None, **more):
    messages = [Message(role=role, content=f"{role} {at}") for role in roles.split()]
    if answer is not None:
        messages[-1] = Message(role="assistant", content=answer)
    return Example(**{"id": str(at), "group": str(at), "messages": messages} | more)


def calling(at, name="f"):
    call = Message(role="assistant", tool_calls=[ToolCall(name=name, arguments={"at": at})])
    messages = [Message(role="user", content=f"Call {at}."), call]
    return Example(id=str(at), group=str(at), messages=messages, tools=[{"name": name}])


def ids(train, count=2):
    """Of the examples in the first draw."""
    (drawn,) = shots.draw(train, count, draws=1).sets
    return {shot.id for shot in drawn}


def test_shots_are_of_training_short_and_differently_answered(make_example):
    train = [make_example(f"q{i}" + "x" * i, f"a{i % 3}", id=str(i)) for i in range(40)]
    chosen = shots.choose(train, 3)
    assert len({shot.answer for shot in chosen}) == 3
    assert all(int(shot.id) < 20 for shot in chosen)
    assert shots.choose(train[::-1], 3) == chosen
    assert shots.choose(train, 0) == []
    assert len(shots.choose(train, 10)) == 10


def test_of_plain_rows_the_shots_are_those_of_all_former_results(make_example):
    """Drawn by the code of commit 115cb54."""
    train = [make_example(f"q{i}" + "x" * (i * 7 % 13), f"a{i % 5}", id=str(i)) for i in range(30)]
    drawn = shots.draw(train, 3, 3).sets
    assert [[shot.id for shot in one] for one in drawn] == [
        ["17", "4", "23"],
        ["21", "4", "10"],
        ["23", "1", "0"],
    ]


def test_requests_with_a_system_message_or_tools_are_shown():
    assert ids([example("system user assistant", at) for at in range(2)]) == {"0", "1"}
    assert ids([calling(at) for at in range(2)]) == {"0", "1"}


def test_calls_are_other_answers_where_they_call_otherwise():
    train = [calling(7), calling(7), calling(8), *(calling(at) for at in (100, 101, 102))]
    for seed in range(10):
        chosen = shots.choose(train, 2, seed)
        assert {shot.messages[0].text for shot in chosen} == {"Call 7.", "Call 8."}


def test_conversations_of_several_turns_are_shown_only_where_single_exchanges_are_too_few():
    several = [example("user assistant user assistant", at) for at in range(5)]
    single = [example("system user assistant", at) for at in (7, 8)]
    assert ids([*several, *single]) == {"7", "8"}
    assert len(ids([*several, *single[:1]], 3)) == 3
    assert len(ids([example("user assistant tool assistant", at) for at in range(3)])) == 2


def test_of_a_classification_the_class_is_the_answer():
    train = [example("user", at, kind="classification", label="ab"[at]) for at in range(2)]
    (drawn,) = shots.draw(train, 2, 1).sets
    assert sorted((turn.role, turn.text) for shot in drawn for turn in shot.turns[1:]) == [
        ("assistant", "a"),
        ("assistant", "b"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        example("user assistant", 9, kind="desirability", label=False),
        example("assistant", 9, kind="text"),
        example("assistant user assistant", 9),
    ],
)
def test_what_is_no_request_with_an_answer_to_imitate_is_no_shot(other):
    assert ids([other, *(example("user assistant", at) for at in range(2))]) == {"0", "1"}


def test_it_is_said_why_there_are_no_shots(make_example):
    assert shots.draw([make_example()], 0, 3) == ([], "evaluation.few_shot is 0")
    texts = [example("assistant", at, kind="text") for at in range(4)]
    assert shots.draw([*texts, make_example()], 3, 2) == (
        [],
        "of the first 5 training examples, 1 are requests with an answer, and "
        "evaluation.few_shot is 3",
    )


def test_more_training_rows_leave_the_shots_as_they_are(make_example):
    train = [make_example(f"q{i % 7}", f"a{i}", id=str(i)) for i in range(900)]
    assert shots.draw(train, 3, 2) == shots.draw(train[:640], 3, 2)
    assert shots.draw(train[:639], 3, 2) != shots.draw(train[:640], 3, 2)


def test_each_draw_is_another_and_more_draws_leave_the_first_as_they_are(make_example):
    train = [make_example(f"q{i}", f"a{i}", id=str(i)) for i in range(40)]
    drawn = shots.draw(train, 3, draws=4).sets
    assert len({tuple(shot.id for shot in one) for one in drawn}) == 4
    assert drawn[0] == shots.choose(train, 3)
    assert drawn[:2] == shots.draw(train, 3, draws=2).sets
