from math import sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from peftline.evaluation.statistics import intervals

NOTHING = {"value": None, "low": None, "high": None, "n": 0}
SIMULATED = 2000
# Three standard errors of a share of 0.05 or 0.95 over so many simulated samples.
MONTE_CARLO = 3 * sqrt(0.05 * 0.95 / SIMULATED)


def wilson(hits, n):
    """The interval as E. B. Wilson wrote it in 1927."""
    z = 1.959963984540054
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (180, 240)])
def test_a_proportion_has_wilsons_interval(hits, n):
    found = intervals.proportion([True] * hits + [False] * (n - hits))
    assert found["value"] == round(hits / n, 6)
    assert (found["low"], found["high"]) == pytest.approx(wilson(hits, n), abs=2e-6)
    assert (found["low"], found["high"]) == pytest.approx(
        proportion_confint(hits, n, method="wilson"), abs=2e-6
    )
    assert found["n"] == n


def test_wilsons_interval_covers_the_truth_19_times_in_20():
    """Over all outcomes of 60 examples, by their probability; no simulation is needed."""
    n, truths = 60, np.linspace(0.02, 0.98, 97)
    found = [intervals.proportion([True] * k + [False] * (n - k)) for k in range(n + 1)]
    low, high = (np.array([one[name] for one in found]) for name in ("low", "high"))
    coverage = [
        stats.binom.pmf(np.arange(n + 1), n, truth)[(low <= truth) & (truth <= high)].sum()
        for truth in truths
    ]
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.005)
    assert min(coverage) > 0.9  # it swings from one truth to the next, as a count has steps


def test_without_examples_there_is_no_value():
    assert intervals.proportion([]) == NOTHING
    assert intervals.mean([]) == NOTHING
    assert intervals.ratio([], []) == NOTHING
    assert intervals.paired_difference([], []) == NOTHING


def test_a_mean_lies_within_its_interval():
    found = intervals.mean([0.0, 0.2, 0.4, 0.9, 1.0, 0.3])
    assert found["value"] == pytest.approx(2.8 / 6, abs=1e-6)
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1
    assert found["n"] == 6


def test_an_interval_narrows_with_more_examples():
    few, many = intervals.mean([0.0, 1.0] * 5), intervals.mean([0.0, 1.0] * 200)
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    # of a mean of 400 coin flips: 1.96 * 0.5 / 20 to each side
    assert many["high"] - many["low"] == pytest.approx(0.098, abs=0.01)


def test_intervals_are_the_same_at_every_call():
    values = [0.1, 0.5, 0.7, 0.9]
    assert intervals.mean(values) == intervals.mean(values)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]])
def test_equal_values_have_an_interval_without_width(values):
    found = intervals.mean(values)
    assert (found["value"], found["low"], found["high"]) == (0.5, 0.5, 0.5)


def coverage(truth, intervals):
    return np.mean([one["low"] <= truth <= one["high"] for one in intervals])


def test_the_bootstrap_covers_a_mean_of_scores_19_times_in_20():
    """Scores between 0 and 1 with a peak at 0, as ROUGE has. A percentile interval is a little too
    narrow with few examples, so its coverage may be a point below the 95 % that it states."""
    samples = np.random.default_rng(1).beta(0.5, 1.5, size=(SIMULATED, 80))
    found = coverage(0.25, [intervals.mean(list(one), resamples=300) for one in samples])
    assert 0.94 - MONTE_CARLO <= found <= 0.95 + MONTE_CARLO


def test_the_bootstrap_covers_a_paired_difference_19_times_in_20():
    rng = np.random.default_rng(2)
    differences = rng.choice([1, 0, -1], p=[0.25, 0.65, 0.1], size=(SIMULATED, 80))
    zero = [0.0] * 80
    found = [intervals.paired_difference(list(d), zero, resamples=300) for d in differences]
    assert 0.94 - MONTE_CARLO <= coverage(0.15, found) <= 0.95 + MONTE_CARLO


def test_the_bootstrap_covers_a_loss_per_token_19_times_in_20():
    """Examples of very different length, the longer ones with the lower loss."""
    rng = np.random.default_rng(3)
    tokens = rng.integers(1, 40, size=(SIMULATED, 80))
    losses = tokens * (1 + 2 / tokens) + rng.normal(size=tokens.shape) * np.sqrt(tokens)
    truth = (np.arange(1, 40) + 2).mean() / np.arange(1, 40).mean()
    found = [
        intervals.ratio(list(above), list(below), resamples=300)
        for above, below in zip(losses, tokens, strict=True)
    ]
    assert 0.94 - MONTE_CARLO <= coverage(truth, found) <= 0.95 + MONTE_CARLO


def test_a_ratio_is_sum_over_sum_not_a_mean_of_ratios():
    found = intervals.ratio([1.0, 9.0], [1, 3])
    assert (found["value"], found["n"]) == (2.5, 2)
    assert (found["low"], found["high"]) == (1.0, 3.0)  # one example twice, or the other


def test_a_paired_difference_is_ours_minus_theirs_on_the_same_examples():
    ours, theirs = [1, 1, 1, 0] * 10, [0, 0, 1, 0] * 10
    found = intervals.paired_difference(ours, theirs)
    assert found["value"] == 0.5
    assert 0 < found["low"] < 0.5 < found["high"]
    turned = intervals.paired_difference(theirs, ours)
    assert turned["value"] == -0.5
    assert turned["high"] < 0


def test_pairing_takes_the_difficulty_of_examples_out():
    hard_and_easy = [0.0, 1.0] * 20
    found = intervals.paired_difference([x + 0.1 for x in hard_and_easy], hard_and_easy)
    assert found["high"] - found["low"] < 1e-5
    assert found["value"] == pytest.approx(0.1)


@pytest.mark.parametrize("compare", [intervals.paired_difference, intervals.ratio])
def test_lists_of_different_examples_cannot_be_compared(compare):
    with pytest.raises(ValueError, match="zip"):
        compare([1.0], [1.0, 0.0])


def test_a_standard_error_is_that_of_the_paired_t_test():
    differences = list(np.random.default_rng(9).normal(0.2, 1, size=30))
    told = stats.ttest_1samp(differences, 0.0)
    error, average = intervals.standard_error(differences), float(np.mean(differences))
    assert error.p_value(average) == pytest.approx(told.pvalue)
    interval = error.interval(average, 30)
    expected = told.confidence_interval()
    assert [interval["low"], interval["high"]] == pytest.approx(list(expected), abs=1e-6)
    assert (interval["value"], interval["n"]) == (pytest.approx(average, abs=1e-6), 30)


@pytest.mark.parametrize(("difference", "expected"), [(0.0, 1.0), (0.5, 0.0)])
def test_where_nothing_varies_a_difference_is_certain(difference, expected):
    assert intervals.standard_error([difference] * 5).p_value(difference) == expected


def test_fewer_than_two_differences_have_no_standard_error():
    assert intervals.standard_error([0.5]) is None
