import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.errors import PeftlineError
from peftline.sweep import space
from peftline.sweep.space import Choice, Range

RECIPE = {"training": {"learning_rate": 2e-3, "batch_size": 4, "schedule": "cosine"}}
RATE = "training.learning_rate"


def test_values_are_read_with_their_types():
    assert space.parse(f"{RATE}=1e-4,5e-4") == Choice(key=RATE, values=[1e-4, 5e-4])
    assert space.parse("adapter.rank=4,8").values == [4, 8]
    assert space.parse("training.schedule=cosine,linear").values == ["cosine", "linear"]
    assert space.parse("training.gradient_checkpointing=true,false").values == [True, False]


def test_multiples_are_of_the_recipes_own_value():
    axis = space.parse(f"{RATE}=x0.3,x1,x3")
    assert axis.multiples
    assert space.absolute(axis, RECIPE).values == [6e-4, 2e-3, 6e-3]
    assert space.absolute(space.parse("training.batch_size=x0.5,x2"), RECIPE).values == [2, 8]


def test_a_range_has_two_ends():
    assert space.parse(f"{RATE}=1e-4..1e-2") == Range(key=RATE, low=1e-4, high=1e-2)
    found = space.absolute(space.parse(f"{RATE}=x0.1..x10"), RECIPE)
    assert (found.low, found.high) == (2e-4, 2e-2)


@pytest.mark.parametrize(
    "text", ["", "x", "x=", "=1,2", "a=1,,2", "a=2..1", "a=0..1", "a=x1,2", "a=b..c", "a=x..x2"]
)
def test_what_is_no_axis_is_refused_with_an_example(text):
    with pytest.raises(PeftlineError, match="training.learning_rate=1e-4,5e-4"):
        space.parse(text)


def test_a_setting_that_no_recipe_has_is_refused_with_those_that_there_are():
    with pytest.raises(PeftlineError, match="at 'learning_rte' there are batch_size, learning_rat"):
        space.absolute(space.parse("training.learning_rte=1,2"), RECIPE)


def test_multiples_of_what_is_no_number_are_refused():
    with pytest.raises(PeftlineError, match="'training.schedule' is 'cosine'"):
        space.absolute(space.parse("training.schedule=x1,x2"), RECIPE)


def walk(axes, score, trials=8):
    """All settings that are tried, with their scores."""
    tried = []
    while (settings := space.propose(axes, tried, trials)) is not None:
        tried.append((settings, score(settings)))
    return tried


def test_a_grid_is_walked_through_once_in_its_order():
    axes = [Choice(key="a", values=[1, 2]), Choice(key="b", values=["x", "y"])]
    tried = [settings for settings, _ in walk(axes, lambda _: 1.0)]
    assert tried == [{"a": a, "b": b} for a in (1, 2) for b in ("x", "y")]
    assert space.count(axes, trials=99) == 4


def test_failed_settings_are_not_tried_again():
    assert len(walk([Choice(key="a", values=[1, 2, 3])], lambda _: None)) == 3


def test_a_search_is_repeated_and_goes_on_from_its_results():
    axes = [Range(key="rate", low=1e-4, high=1.0)]

    def score(settings):
        return (settings["rate"] - 0.02) ** 2

    tried = walk(axes, score, trials=10)
    assert len(tried) == 10
    assert walk(axes, score, trials=10) == tried
    assert space.propose(axes, tried[:7], 10) == tried[7][0]


def test_a_search_finds_a_better_place_than_its_random_beginning():
    import math

    axes = [Range(key="rate", low=1e-5, high=1.0)]
    tried = walk(axes, lambda s: abs(math.log10(s["rate"]) + 3), trials=25)
    begin = min(score for _, score in tried[:4])
    assert min(score for _, score in tried) < 0.1 < begin


def test_a_failed_run_does_not_end_a_search():
    axes = [Range(key="rate", low=1e-4, high=1.0)]
    tried = walk(axes, lambda s: None if s["rate"] > 1e-2 else s["rate"], trials=6)
    assert len(tried) == 6
    assert {score is None for _, score in tried} == {True, False}


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=6))
def test_the_lowest_score_is_chosen_the_earlier_of_equals(scores):
    tried = [({"at": at}, score) for at, score in enumerate(scores)]
    known = [score for score in scores if score is not None]
    chosen = space.best(tried)
    assert chosen == ({"at": scores.index(min(known))} if known else None)
