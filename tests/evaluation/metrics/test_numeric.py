from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.evaluation.metrics import NUMERIC
from peftline.evaluation.metrics.numeric import number
from tests.evaluation.metrics.rows import scored


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("She has 5 + 3 = 8 apples.\n#### 8", "8"),
        ("#### 1,234,567", "1234567"),
        ("The answer is $1,000.50.", "1000.5"),
        ("It costs €12 and then £7", "7"),
        ("-$3", "-3"),
        ("$-3", "-3"),
        ("\u22123.5 degrees", "-3.5"),
        ("+4", "4"),
        (".5", "0.5"),
        ("50%", "50"),
        ("3-4", "4"),  # a range, not minus four
        ("- 4 apples", "4"),  # an item of a list
        ("1,2,3", "3"),
        ("2e3", "2000"),
        ("the 3rd of 12", "12"),
        ("GPT2 says 7, v3 says nothing", "7"),
        (r"\boxed{42}", "42"),
        ("first #### 1 then #### 2 and 3", "2"),
        ("17 ####", "17"),
        ("٤٢", "42"),
        ("Rs.500 for all", "500"),
        ("It is...42", "42"),
        ("_42_", "42"),
        ("__42__", "42"),
        ("12 tonnes of CO_2, with x_1", "12"),
        ("version 1.5.3", "1.5"),
    ],
)
def test_the_number_of_an_answer(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "none", "#### none", "four"])
def test_without_digits_there_is_no_number(text):
    assert number(text) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12)))
def test_every_number_is_read_as_it_is_written(value):
    assert number(f"So it is {value}.") == number(f"#### {value:,}") == value


@pytest.mark.parametrize(
    ("prediction", "right"),
    [("18.0", True), ("about 18 dollars", True), ("#### 18\nOr 19.", True), ("18.01", False)],
)
def test_numbers_are_compared_exactly(prediction, right):
    assert NUMERIC.score(prediction, "9 * 2 = 18\n#### 18")["numeric_match"] is right


def test_decimal_numbers_are_not_rounded_as_floats_are():
    assert not NUMERIC.score("0.30000000000000004", "0.3")["numeric_match"]
    assert not NUMERIC.score("9007199254740993", "9007199254740992")["numeric_match"]


def test_answers_without_a_number_are_wrong_and_counted():
    found = NUMERIC.aggregate(scored(NUMERIC, [("3", "3"), ("4", "3"), ("no idea", "3")]))
    assert found["numeric_match"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert found["has_number"]["value"] == pytest.approx(2 / 3, abs=1e-6)


def test_a_reference_without_a_number_cannot_be_scored():
    with pytest.raises(ValueError, match="no number: 'four'"):
        NUMERIC.score("4", "four")
