from math import sqrt

import pytest

from peftline.evaluation import metrics
from peftline.tool_calls import REFUSAL

CALL = '{"name": "add", "arguments": {"count": 3}}'
OTHER = '{"name": "add", "arguments": {"count": 4}}'
NOTHING = {"value": None, "low": None, "high": None, "n": 0}


def wilson(hits, n):
    """The interval as E. B. Wilson wrote it in 1927."""
    z = 1.959963984540054
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (180, 240)])
def test_a_proportion_has_wilsons_interval(hits, n):
    found = metrics.proportion([True] * hits + [False] * (n - hits))
    low, high = wilson(hits, n)
    assert found["value"] == round(hits / n, 6)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=2e-6)
    assert found["n"] == n


def test_a_published_value_of_wilsons_interval():
    # statsmodels.stats.proportion.proportion_confint(10, 50, method="wilson")
    found = metrics.proportion([True] * 10 + [False] * 40)
    assert (found["low"], found["high"]) == pytest.approx((0.112437, 0.330370), abs=1e-5)


def test_without_examples_there_is_no_value():
    assert metrics.proportion([]) == NOTHING
    assert metrics.mean([]) == NOTHING
    assert metrics.paired_difference([], []) == NOTHING


def test_a_mean_lies_within_its_interval():
    found = metrics.mean([0.0, 0.2, 0.4, 0.9, 1.0, 0.3])
    assert found["value"] == pytest.approx(2.8 / 6, abs=1e-6)
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1
    assert found["n"] == 6


def test_an_interval_narrows_with_more_examples():
    few, many = metrics.mean([0.0, 1.0] * 5), metrics.mean([0.0, 1.0] * 200)
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    # of a mean of 400 coin flips: 1.96 * 0.5 / 20 to each side
    assert many["high"] - many["low"] == pytest.approx(0.098, abs=0.01)


def test_intervals_are_the_same_at_every_call():
    values = [0.1, 0.5, 0.7, 0.9]
    assert metrics.mean(values) == metrics.mean(values)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]])
def test_equal_values_have_an_interval_without_width(values):
    found = metrics.mean(values)
    assert (found["value"], found["low"], found["high"]) == (0.5, 0.5, 0.5)


def test_a_paired_difference_is_ours_minus_theirs_on_the_same_examples():
    ours, theirs = [1, 1, 1, 0] * 10, [0, 0, 1, 0] * 10
    found = metrics.paired_difference(ours, theirs)
    assert found["value"] == 0.5
    assert 0 < found["low"] < 0.5 < found["high"]
    turned = metrics.paired_difference(theirs, ours)
    assert turned["value"] == -0.5
    assert turned["high"] < 0


def test_pairing_takes_the_difficulty_of_examples_out():
    hard_and_easy = [0.0, 1.0] * 20
    found = metrics.paired_difference([x + 0.1 for x in hard_and_easy], hard_and_easy)
    assert found["high"] - found["low"] < 1e-5
    assert found["value"] == pytest.approx(0.1)


def test_lists_of_different_examples_cannot_be_compared():
    with pytest.raises(ValueError, match="zip"):
        metrics.paired_difference([1.0], [1.0, 0.0])


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
    assert metrics.choose("auto", references) == kind
    assert metrics.choose("text", references) == "text"


def test_scores_of_tool_calls_on_a_known_table():
    table = [  # prediction, reference
        (CALL, CALL),
        (OTHER, CALL),
        ("not JSON", CALL),
        (REFUSAL, CALL),
        (REFUSAL, REFUSAL),
        (REFUSAL, REFUSAL),
        (CALL, REFUSAL),
        ("not JSON", REFUSAL),
        (CALL, CALL),
        (CALL, CALL),
    ]
    found = metrics.aggregate("tool_calls", [metrics.score("tool_calls", *row) for row in table])
    values = {name: (metric["value"], metric["n"]) for name, metric in found.items()}
    assert values == {
        "exact_match": (0.5, 10),
        "valid_json": (0.8, 10),
        "name_accuracy": (0.6, 10),
        "refusal_precision": (round(2 / 3, 6), 3),
        "refusal_recall": (0.5, 4),
    }


def test_without_refusals_their_scores_have_no_value():
    found = metrics.aggregate("tool_calls", [metrics.score("tool_calls", CALL, CALL)])
    assert found["refusal_precision"] == found["refusal_recall"] == NOTHING


def test_scores_of_text():
    same = metrics.score("text", "The  cat\nsat.", "The cat sat.")
    assert same == {"exact_match": True, "rouge_l": 1.0}
    # longest common subsequence "the cat": precision 2/3, recall 2/4
    part = metrics.score("text", "the cat ran", "the big cat slept")
    assert part["exact_match"] is False
    assert part["rouge_l"] == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5), abs=1e-6)
    assert metrics.score("text", "", "The cat sat.") == {"exact_match": False, "rouge_l": 0.0}
    found = metrics.aggregate("text", [same, part])
    assert found["exact_match"]["value"] == 0.5
    assert found["rouge_l"]["value"] == pytest.approx((1 + part["rouge_l"]) / 2, abs=1e-6)


@pytest.mark.parametrize("text", ["Привет, мир", "今天 天气 很好", "naïve café"])
def test_rouge_reads_every_script(text):
    assert metrics.score("text", text, text)["rouge_l"] == 1
