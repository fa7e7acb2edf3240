"""The registry of metrics."""

from typing import get_args

import pytest

from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.schema import Evaluation
from peftline.tool_calls import REFUSAL
from tests.evaluation.metrics.rows import scored

CALL = '{"name": "add", "arguments": {"count": 3}}'
OTHER = '{"name": "add", "arguments": {"count": 4}}'
SEEN = {  # what the model gives, and the reference; one right and one wrong, where that applies
    "text": [("a b", "a b"), ("c", "d e")],
    "tool_calls": [(REFUSAL, REFUSAL), (OTHER, CALL)],
    "labels": [("yes", "yes"), ("yes", "no")],
    "multiple_choice": [
        ({"yes": Likelihood(-1.0, 2), "no": Likelihood(-4.0, 1)}, "yes"),
        ({"yes": Likelihood(-1.0, 2), "no": Likelihood(-4.0, 1)}, "no"),
    ],
    "numeric": [("#### 3", "#### 3"), ("4", "5")],
    "refusal": [("I can't help.", "I cannot do that."), ("Sure.", "I won't.")],
    "perplexity": [(Likelihood(-3.0, 2), "a b"), (Likelihood(-8.0, 6), "c")],
}


@pytest.mark.parametrize(
    ("references", "kind"),
    [
        ([CALL, REFUSAL], "tool_calls"),
        ([f"[{CALL}, {OTHER}]"], "tool_calls"),
        ([CALL, "It is sunny."], "text"),
        (["3", '{"name": "x"}'], "text"),
        ([], "text"),
    ],
)
def test_the_kind_of_metrics_follows_from_the_references(references, kind):
    assert metrics.choose("auto", references).name == kind
    assert metrics.choose("text", references).name == "text"


def test_every_name_that_a_configuration_may_give_has_metrics():
    names = get_args(Evaluation.model_fields["metrics"].annotation)
    assert set(names) == {"auto", *metrics.SETS} == {"auto", *SEEN}


@pytest.mark.parametrize("name", metrics.SETS)
def test_the_headline_is_the_mean_of_a_number_per_example(name):
    judged = metrics.SETS[name]
    rows = scored(judged, SEEN[name])
    found = judged.aggregate(rows)[judged.headline]
    values = judged.values(rows)
    assert found["n"] == len(values) == 2
    assert found["value"] == pytest.approx(sum(values) / 2, abs=1e-6)
    assert values[0] != values[1]


@pytest.mark.parametrize("name", metrics.SETS)
def test_every_metric_has_a_value_an_interval_and_a_number_of_examples(name):
    judged = metrics.SETS[name]
    for one in judged.aggregate(scored(judged, SEEN[name])).values():
        assert one["low"] <= one["value"] <= one["high"]
        assert 1 <= one["n"] <= 2


@pytest.mark.parametrize("name", metrics.SETS)
def test_without_examples_no_metric_has_a_value(name):
    found = metrics.SETS[name].aggregate([])
    assert found
    assert all((one["value"], one["n"]) == (None, 0) for one in found.values())


@pytest.mark.parametrize("name", metrics.SETS)
def test_a_summary_is_judged_by_the_set_that_it_names(name):
    assert metrics.of_summary({"metric_set": name}) is metrics.SETS[name]


def test_a_summary_without_scores_is_judged_by_none():
    assert metrics.of_summary({"metric_set": None}) is None
    assert metrics.of_answers("auto", []) is None


def test_only_losses_are_better_lower():
    assert [n for n, one in metrics.SETS.items() if not one.higher_is_better] == ["perplexity"]
