import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.errors import PeftlineError
from peftline.recipe import Recipe
from peftline.sweep import space
from peftline.sweep.space import Choice, Range

RECIPE = {
    "adapter": {"type": "lora"},
    "training": {"learning_rate": 2e-3, "batch_size": 4, "schedule": "cosine"},
}
RATE = "training.learning_rate"


@functools.cache
def recipe():
    return Recipe.model_validate(RECIPE)


def absolute(text):
    return space.absolute(space.parse(text), recipe(), "lora")


def test_values_are_read_with_their_types():
    assert space.parse(f"{RATE}=1e-4,5e-4") == Choice(key=RATE, values=[1e-4, 5e-4])
    assert space.parse("adapter.rank=4,8").values == [4, 8]
    assert space.parse("training.schedule=cosine,linear").values == ["cosine", "linear"]
    assert space.parse("training.gradient_checkpointing=true,false").values == [True, False]


def test_multiples_are_of_the_recipes_own_value():
    assert space.parse(f"{RATE}=x0.3,x1,x3").multiples
    assert absolute(f"{RATE}=x0.3,x1,x3").values == [6e-4, 2e-3, 6e-3]
    assert absolute("training.batch_size=x0.1,x0.5,x2").values == [1, 2, 8]


def test_a_value_that_is_named_twice_is_tried_once():
    assert space.parse(f"{RATE}=1e-3,0.001,2e-3").values == [1e-3, 2e-3]
    assert space.parse("a=1,true").values == [1, True]


def test_what_is_null_in_the_file_is_what_its_type_says():
    assert absolute("training.max_steps=20..200").whole
    assert not absolute("training.neftune_alpha=5..15").whole
    axes = [absolute("training.max_steps=20..200"), absolute("adapter.rank=4,8")]
    assert space.corners(axes) == [
        {"training.max_steps": steps, "adapter.rank": rank}
        for steps in (20, 200)
        for rank in (4, 8)
    ]


def test_a_range_has_two_ends():
    assert space.parse(f"{RATE}=1e-4..1e-2") == Range(key=RATE, low=1e-4, high=1e-2)
    found = absolute(f" {RATE} = x0.1..x10")
    assert (found.low, found.high, found.whole) == (2e-4, 2e-2, False)
    assert absolute("training.batch_size=2..64").whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x=",
        "=1,2",
        "a=1,,2",
        "a=2..1",
        "a=0..1",
        "a=x1,2",
        "a=x0.1..10",
        "a=1..x10",
        "a=b..c",
        "a=x..x2",
        "a=[b",
    ],
)
def test_what_is_no_axis_is_refused_with_an_example(text):
    with pytest.raises(PeftlineError, match="training.learning_rate=1e-4,5e-4"):
        space.parse(text)


def test_a_setting_that_no_recipe_has_is_refused_with_those_that_there_are():
    with pytest.raises(
        PeftlineError, match="lora has no .*'learning_rte' it has batch_size, batch_tokens"
    ):
        absolute("training.learning_rte=1,2")


def test_multiples_of_what_is_no_number_are_refused():
    with pytest.raises(PeftlineError, match="lora.training.schedule is 'cosine'"):
        absolute("training.schedule=x1,x2")


def search(axes, score, trials):
    """All settings that are tried, with their scores."""
    tried = []
    while len(tried) < trials:
        settings = space.suggest(axes, tried)
        tried.append((settings, score(settings)))
    return tried


def test_a_grid_has_every_combination_in_its_order():
    axes = [Choice(key="a", values=[1, 2]), Choice(key="b", values=["x", "y"])]
    assert space.is_grid(axes)
    assert space.combinations(axes) == [{"a": a, "b": b} for a in (1, 2) for b in ("x", "y")]


def test_a_search_is_repeated_and_goes_on_from_its_results():
    axes = [Range(key="rate", low=1e-4, high=1.0), Choice(key="kind", values=["a", "b"])]
    assert not space.is_grid(axes)

    def score(settings):
        return (settings["rate"] - 0.02) ** 2 + (settings["kind"] == "a")

    tried = search(axes, score, trials=10)
    assert search(axes, score, trials=10) == tried
    assert space.suggest(axes, tried[:7]) == tried[7][0]


def test_of_a_whole_number_whole_numbers_are_tried():
    axes = [absolute("training.batch_size=x0.5..x16")]
    tried = [settings["training.batch_size"] for settings, _ in search(axes, lambda _: 1.0, 6)]
    assert all(isinstance(size, int) and 2 <= size <= 64 for size in tried)


def test_ends_with_many_digits_can_be_searched():
    axes = [Range(key="rate", low=0.123456789, high=0.987654321)]
    assert len(search(axes, lambda s: s["rate"], trials=8)) == 8


def test_a_search_finds_a_better_place_than_its_random_beginning():
    axes = [Range(key="rate", low=1e-5, high=1.0)]
    tried = search(axes, lambda s: abs(math.log10(s["rate"]) + 3), trials=25)
    assert min(score for _, score in tried) < min(score for _, score in tried[:4])


def test_a_failed_run_does_not_end_a_search():
    axes = [Range(key="rate", low=1e-4, high=1.0)]
    tried = search(axes, lambda s: None if s["rate"] > 1e-2 else s["rate"], trials=6)
    assert len(tried) == 6
    assert {score is None for _, score in tried} == {True, False}


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.1, {"rate": "smallest"}), (0.3, {}), (1.0, {"rate": "largest"})],
)
def test_a_number_at_the_end_of_a_list_may_be_beaten_by_one_beyond(rate, expected):
    axes = [
        Choice(key="rate", values=[0.3, 0.1, 1.0]),
        Choice(key="kind", values=["a", "b"]),
        Choice(key="rank", values=[8]),
        Choice(key="bias", values=[False, True]),
        Range(key="share", low=0.1, high=1.0),
    ]
    chosen = {"rate": rate, "kind": "a", "rank": 8, "bias": True, "share": 0.1}
    assert space.edges(axes, chosen) == expected


@pytest.mark.parametrize(("values", "end"), [([0.0, 0.1], 0.0), ([1, 4], 1)])
def test_there_is_nothing_below_none(values, end):
    assert space.edges([Choice(key="x", values=values)], {"x": end}) == {}


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=6))
def test_the_lowest_score_is_chosen_the_earlier_of_equals(scores):
    tried = [({"at": at}, score) for at, score in enumerate(scores)]
    known = [score for score in scores if score is not None]
    chosen = space.best(tried)
    assert chosen == ({"at": scores.index(min(known))} if known else None)
