import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.reports import charts

POSITIVE = st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20)


@pytest.mark.parametrize("log", [False, True])
@given(values=POSITIVE)
def test_all_values_and_ticks_lie_on_the_axis(values, log):
    axis = charts.Axis(values, 300, log=log)
    for value in [*values, *axis.ticks()]:
        assert -0.1 <= axis.at(value) <= 300.1


@given(values=POSITIVE)
def test_larger_values_do_not_stand_before_smaller_ones(values):
    axis = charts.Axis(values, 300, log=charts.wants_log(values))
    at = [axis.at(value) for value in sorted(values)]
    assert at == sorted(at)


def test_equal_steps_of_a_logarithmic_axis_are_equal_factors():
    axis = charts.Axis([1, 10, 100], 300, log=True)
    assert axis.at(10) - axis.at(1) == pytest.approx(axis.at(100) - axis.at(10), abs=0.2)


def test_a_logarithm_is_not_taken_of_zero():
    assert not charts.Axis([0, 1], 300, log=True).log
    assert not charts.wants_log([0, 1000])


def test_a_logarithmic_axis_has_more_than_two_ticks():
    for high in (3, 20, 5000):
        assert len(charts.Axis([1, high], 300, log=True).ticks()) > 2


def test_an_axis_without_values_or_with_one_has_ticks():
    for values in ([], [5.0], [0.0]):
        assert charts.Axis(values, 300).ticks()


@given(st.lists(st.floats(0, 300), max_size=12))
def test_labels_keep_their_distance_and_their_order(heights):
    moved = charts.apart(heights, 13)
    assert all(b - a >= 13 - 1e-9 for a, b in itertools.pairwise(sorted(moved)))
    assert all(new >= old for new, old in zip(moved, heights, strict=True))


def test_a_path_goes_through_its_points():
    assert charts.path([(0, 1.5), (2, 3)]) == "M0 1.5L2 3"
