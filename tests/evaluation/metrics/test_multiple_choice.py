import pytest

from peftline.errors import PeftlineError
from peftline.evaluation.metrics import MULTIPLE_CHOICE
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.evaluation.metrics.multiple_choice import choices, most_likely

SHORT_OR_LONG = {"no": Likelihood(-3.0, 1), "yes, indeed": Likelihood(-4.0, 4)}


def test_the_choice_is_the_likeliest_answer_as_a_whole():
    assert most_likely(SHORT_OR_LONG) == "no"
    assert most_likely({"a": Likelihood(-1.0, 1), "b": Likelihood(-1.0, 1)}) == "a"


def test_per_token_a_long_answer_may_be_the_likelier_one():
    scores = {one: MULTIPLE_CHOICE.score(SHORT_OR_LONG, one) for one in SHORT_OR_LONG}
    assert scores == {
        "no": {"accuracy": True, "accuracy_per_token": False},
        "yes, indeed": {"accuracy": False, "accuracy_per_token": True},
    }


def test_a_model_that_has_diverged_chooses_nothing():
    broken = {"a": Likelihood(float("nan"), 1), "b": Likelihood(float("nan"), 2)}
    assert most_likely(broken) is None
    assert MULTIPLE_CHOICE.score(broken, "a") == {"accuracy": False, "accuracy_per_token": False}
    assert most_likely(broken | {"c": Likelihood(-9.0, 1)}) == "c"


def test_choices_are_those_named_or_those_that_occur():
    assert choices(["b", "a", "c"], ["a", "b"]) == ["b", "a", "c"]
    assert choices(None, ["b", "a", "b"]) == ["a", "b"]
    assert choices(None, ["No", "yes", "no "]) == ["no ", "yes"]  # one answer, written twice


@pytest.mark.parametrize(
    ("wanted", "references", "message"),
    [
        (None, [str(at) for at in range(51)], "references of the test split: 51 different answers"),
        (None, ["a", "a"], r"1 different answers \('a'\)"),
        ([], ["a"], "evaluation.choices: 0 different"),
        (["a", "b"], ["a", "c"], "1 references are none of the choices .*: 'c'"),
    ],
)
def test_choices_that_cannot_be_are_refused(wanted, references, message):
    with pytest.raises(PeftlineError, match=message):
        choices(wanted, references)


def test_fifty_choices_are_few_enough():
    assert len(choices(None, [str(at) for at in range(50)])) == 50
