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
    assert {shot.id for shot in shots.find(train, 2)} == {"0", "1"}
    assert shots.find(train, 3) == []
    assert "2 of the first 640 training examples are" in caplog.text


def test_more_training_rows_leave_the_shots_as_they_are(make_example):
    train = [make_example(f"q{i % 7}", f"a{i}", id=str(i)) for i in range(900)]
    assert shots.find(train, 3) == shots.find(train[:640], 3)
    assert shots.find(train[:639], 3) != shots.find(train[:640], 3)
