from peftline.evaluation import shots
from peftline.formats.example import Message


def test_shots_are_of_training_short_and_differently_answered(make_example):
    train = [make_example(f"q{i}" + "x" * i, f"a{i % 3}", id=str(i)) for i in range(40)]
    chosen = shots.choose(train, 3)
    assert len({shot.answer for shot in chosen}) == 3
    assert all(int(shot.id) < 20 for shot in chosen)
    assert shots.choose(train[::-1], 3) == chosen
    assert shots.choose(train, 0) == []
    assert len(shots.choose(train, 10)) == 10


def test_only_single_requests_without_tools_are_shots(make_example, caplog):
    simple = [make_example(f"q{i}", f"a{i}", id=str(i)) for i in range(2)]
    tools = make_example("t", "t").model_copy(update={"tools": [{"name": "f"}]})
    long = make_example("l", "l")
    system = [Message(role="system", content="s"), *long.messages]
    train = [tools, long.model_copy(update={"messages": system}), *simple]
    (drawn,) = shots.draw(train, 2, draws=1)
    assert {shot.id for shot in drawn} == {"0", "1"}
    assert shots.draw(train, 3, draws=2) == []
    assert "2 of the first 640 training examples are" in caplog.text


def test_more_training_rows_leave_the_shots_as_they_are(make_example):
    train = [make_example(f"q{i % 7}", f"a{i}", id=str(i)) for i in range(900)]
    assert shots.draw(train, 3, 2) == shots.draw(train[:640], 3, 2)
    assert shots.draw(train[:639], 3, 2) != shots.draw(train[:640], 3, 2)


def test_each_draw_is_another_and_more_draws_leave_the_first_as_they_are(make_example):
    train = [make_example(f"q{i}", f"a{i}", id=str(i)) for i in range(40)]
    drawn = shots.draw(train, 3, draws=4)
    assert len({tuple(shot.id for shot in one) for one in drawn}) == 4
    assert drawn[0] == shots.choose(train, 3)
    assert drawn[:2] == shots.draw(train, 3, draws=2)
