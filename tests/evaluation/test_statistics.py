from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from peftline.evaluation import statistics

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
    found = statistics.proportion([True] * hits + [False] * (n - hits))
    assert found["value"] == round(hits / n, 6)
    assert (found["low"], found["high"]) == pytest.approx(wilson(hits, n), abs=2e-6)
    assert (found["low"], found["high"]) == pytest.approx(
        proportion_confint(hits, n, method="wilson"), abs=2e-6
    )
    assert found["n"] == n


def test_wilsons_interval_covers_the_truth_19_times_in_20():
    """Over all outcomes of 60 examples, by their probability; no simulation is needed."""
    n, truths = 60, np.linspace(0.02, 0.98, 97)
    found = [statistics.proportion([True] * k + [False] * (n - k)) for k in range(n + 1)]
    low, high = (np.array([one[name] for one in found]) for name in ("low", "high"))
    coverage = [
        stats.binom.pmf(np.arange(n + 1), n, truth)[(low <= truth) & (truth <= high)].sum()
        for truth in truths
    ]
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.005)
    assert min(coverage) > 0.9  # it swings from one truth to the next, as a count has steps


def test_without_examples_there_is_no_value():
    assert statistics.proportion([]) == NOTHING
    assert statistics.mean([]) == NOTHING
    assert statistics.ratio([], []) == NOTHING
    assert statistics.paired_difference([], []) == NOTHING


def test_a_mean_lies_within_its_interval():
    found = statistics.mean([0.0, 0.2, 0.4, 0.9, 1.0, 0.3])
    assert found["value"] == pytest.approx(2.8 / 6, abs=1e-6)
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1
    assert found["n"] == 6


def test_an_interval_narrows_with_more_examples():
    few, many = statistics.mean([0.0, 1.0] * 5), statistics.mean([0.0, 1.0] * 200)
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    # of a mean of 400 coin flips: 1.96 * 0.5 / 20 to each side
    assert many["high"] - many["low"] == pytest.approx(0.098, abs=0.01)


def test_intervals_are_the_same_at_every_call():
    values = [0.1, 0.5, 0.7, 0.9]
    assert statistics.mean(values) == statistics.mean(values)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]])
def test_equal_values_have_an_interval_without_width(values):
    found = statistics.mean(values)
    assert (found["value"], found["low"], found["high"]) == (0.5, 0.5, 0.5)


def coverage(truth, intervals):
    return np.mean([one["low"] <= truth <= one["high"] for one in intervals])


def test_the_bootstrap_covers_a_mean_of_scores_19_times_in_20():
    """Scores between 0 and 1 with a peak at 0, as ROUGE has. A percentile interval is a little too
    narrow with few examples, so its coverage may be a point below the 95 % that it states."""
    samples = np.random.default_rng(1).beta(0.5, 1.5, size=(SIMULATED, 80))
    found = coverage(0.25, [statistics.mean(list(one), resamples=300) for one in samples])
    assert 0.94 - MONTE_CARLO <= found <= 0.95 + MONTE_CARLO


def test_the_bootstrap_covers_a_paired_difference_19_times_in_20():
    rng = np.random.default_rng(2)
    differences = rng.choice([1, 0, -1], p=[0.25, 0.65, 0.1], size=(SIMULATED, 80))
    zero = [0.0] * 80
    found = [statistics.paired_difference(list(d), zero, resamples=300) for d in differences]
    assert 0.94 - MONTE_CARLO <= coverage(0.15, found) <= 0.95 + MONTE_CARLO


def test_the_bootstrap_covers_a_loss_per_token_19_times_in_20():
    """Examples of very different length, the longer ones with the lower loss."""
    rng = np.random.default_rng(3)
    tokens = rng.integers(1, 40, size=(SIMULATED, 80))
    losses = tokens * (1 + 2 / tokens) + rng.normal(size=tokens.shape) * np.sqrt(tokens)
    truth = (np.arange(1, 40) + 2).mean() / np.arange(1, 40).mean()
    found = [
        statistics.ratio(list(above), list(below), resamples=300)
        for above, below in zip(losses, tokens, strict=True)
    ]
    assert 0.94 - MONTE_CARLO <= coverage(truth, found) <= 0.95 + MONTE_CARLO


def test_a_ratio_is_sum_over_sum_not_a_mean_of_ratios():
    found = statistics.ratio([1.0, 9.0], [1, 3])
    assert (found["value"], found["n"]) == (2.5, 2)
    assert (found["low"], found["high"]) == (1.0, 3.0)  # one example twice, or the other


def test_a_paired_difference_is_ours_minus_theirs_on_the_same_examples():
    ours, theirs = [1, 1, 1, 0] * 10, [0, 0, 1, 0] * 10
    found = statistics.paired_difference(ours, theirs)
    assert found["value"] == 0.5
    assert 0 < found["low"] < 0.5 < found["high"]
    turned = statistics.paired_difference(theirs, ours)
    assert turned["value"] == -0.5
    assert turned["high"] < 0


def test_pairing_takes_the_difficulty_of_examples_out():
    hard_and_easy = [0.0, 1.0] * 20
    found = statistics.paired_difference([x + 0.1 for x in hard_and_easy], hard_and_easy)
    assert found["high"] - found["low"] < 1e-5
    assert found["value"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "compare", [statistics.paired_difference, statistics.paired_p_value, statistics.ratio]
)
def test_lists_of_different_examples_cannot_be_compared(compare):
    with pytest.raises(ValueError, match="zip"):
        compare([1.0], [1.0, 0.0])


def paired(both, ours_alone, theirs_alone, neither):
    """Hits of two models with this table."""
    ours = [1] * (both + ours_alone) + [0] * (theirs_alone + neither)
    theirs = [1] * both + [0] * ours_alone + [1] * theirs_alone + [0] * neither
    return ours, theirs


@pytest.mark.parametrize(
    ("table", "p_value"),
    [
        ((794, 150, 86, 570), 3.716e-05),  # Agresti 1990, approval of a prime minister, twice
        ((5, 10, 2, 3), 2 * (1 + 12 + 66) / 2**12),  # twice the chance of 2 or fewer heads of 12
        ((0, 1, 5, 0), 2 * (1 + 6) / 2**6),
        ((3, 4, 4, 3), 1.0),
        ((9, 0, 0, 9), 1.0),
        ((9, 1, 0, 9), 1.0),
    ],
)
def test_hits_are_compared_by_the_exact_test_of_mcnemar(table, p_value):
    assert statistics.paired_p_value(*paired(*table)) == pytest.approx(p_value, rel=1e-3)


@given(st.integers(0, 30), st.integers(0, 60), st.integers(0, 60), st.integers(0, 30))
def test_mcnemars_test_is_a_fair_coin_for_who_alone_is_right(both, ours_alone, theirs_alone, none):
    found = statistics.paired_p_value(*paired(both, ours_alone, theirs_alone, none))
    discordant = ours_alone + theirs_alone
    coin = stats.binomtest(ours_alone, discordant).pvalue if discordant else 1.0
    assert found == pytest.approx(coin)


def every_sign(differences):
    """The share of all sign flips whose mean is as far from zero."""
    means = [abs(np.dot(signs, differences)) for signs in product([1, -1], repeat=len(differences))]
    return np.mean(np.array(means) >= abs(sum(differences)) - 1e-12)


def test_other_scores_are_compared_by_flipping_every_sign():
    ours = [0.9, 0.4, 0.75, 0.3, 0.62, 0.8, 0.51, 0.97, 0.2]
    theirs = [0.5, 0.45, 0.5, 0.1, 0.6, 0.4, 0.55, 0.7, 0.2]
    expected = every_sign(np.subtract(ours, theirs)[:-1])  # the last pair does not differ
    assert statistics.paired_p_value(ours, theirs) == pytest.approx(expected)
    assert statistics.paired_p_value(theirs, ours) == pytest.approx(expected)


def test_many_normal_differences_have_the_p_value_of_the_paired_t_test():
    rng = np.random.default_rng(4)
    theirs = rng.normal(size=200)
    ours = theirs + rng.normal(0.12, 1, size=200)
    expected = stats.ttest_rel(ours, theirs).pvalue
    assert 0.01 < expected < 0.5
    found = statistics.paired_p_value(list(ours), list(theirs))
    assert found == pytest.approx(expected, abs=0.015)
    assert found == statistics.paired_p_value(list(ours), list(theirs))


@pytest.mark.parametrize("scores", [[], [0.3], [0.3, 0.4, 0.5], [0, 1, 1]])
def test_equal_scores_do_not_differ(scores):
    assert statistics.paired_p_value(scores, scores) == 1.0


def test_one_pair_alone_shows_nothing():
    assert statistics.paired_p_value([0.3], [0.9]) == 1.0
    assert statistics.paired_p_value([1], [0]) == 1.0


def test_equal_models_are_told_apart_once_in_twenty_at_most():
    """Hits: the exact test keeps below 5 %. Scores: it is at 5 %."""
    rng = np.random.default_rng(5)
    differences = rng.choice([1, 0, -1], p=[0.15, 0.7, 0.15], size=(SIMULATED, 100))
    p_values = [statistics.paired_p_value(*as_hits(one)) for one in differences]
    assert 0.01 < np.mean(np.array(p_values) <= 0.05) <= 0.05 + MONTE_CARLO
    scores = rng.laplace(size=(SIMULATED, 30))
    p_values = [statistics.paired_p_value(list(one), [0.0] * 30, flips=399) for one in scores]
    assert abs(np.mean(np.array(p_values) <= 0.05) - 0.05) <= MONTE_CARLO


def as_hits(differences):
    """Hits and misses with these differences."""
    return list((differences > 0).astype(int)), list((differences < 0).astype(int))


def test_several_p_values_are_corrected_by_holms_steps():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; none smaller than the one before.
    assert statistics.adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.adjusted([0.2]) == pytest.approx([0.2])
    assert statistics.adjusted([0.9, 0.8]) == [1.0, 1.0]
    assert statistics.adjusted([]) == []


def detectable_effect(pairs):
    """In standard deviations of the differences."""
    differences = [1.0, -1.0] * (pairs // 2) + [0.0] * (pairs % 2)
    return statistics.minimum_detectable_difference(differences) / np.std(differences, ddof=1)


@pytest.mark.parametrize(("pairs", "effect"), [(199, 0.2), (34, 0.5), (15, 0.8)])
def test_the_detectable_difference_is_that_of_published_sample_sizes(pairs, effect):
    """The fewest pairs for Cohen's small, medium and large effects, as G*Power 3.1 gives them."""
    assert detectable_effect(pairs) <= effect < detectable_effect(pairs - 1)


def test_of_many_pairs_the_detectable_difference_follows_the_normal_distribution():
    differences = list(np.random.default_rng(6).normal(0.3, 2, size=5000))
    expected = (1.959964 + 0.841621) * np.std(differences, ddof=1) / sqrt(5000)
    found = statistics.minimum_detectable_difference(differences)
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("differences", [[], [0.5], [0.0, 0.0, 0.0]])
def test_without_spread_nothing_can_be_said_of_what_is_detectable(differences):
    assert statistics.minimum_detectable_difference(differences) is None


def test_a_detectable_difference_is_found_4_times_in_5():
    rng, zero = np.random.default_rng(7), [0.0] * 40
    samples = rng.normal(detectable_effect(40), 1, size=(1000, 40))
    p_values = [statistics.paired_p_value(list(one), zero, flips=399) for one in samples]
    error = 3 * sqrt(0.8 * 0.2 / 1000)
    assert abs(np.mean(np.array(p_values) <= 0.05) - 0.8) <= error + 0.01


@pytest.mark.parametrize(("examples", "discordant"), [(200, 0.2), (500, 0.1), (100, 0.5)])
def test_a_planned_difference_of_hits_is_found_nearly_4_times_in_5(examples, discordant):
    """McNemar's exact test keeps below its 5 %, which costs a few points of power."""
    size = statistics.planned_detectable_difference(examples, discordant)
    ours, theirs = (discordant + size) / 2, (discordant - size) / 2
    rng = np.random.default_rng(8)
    tables = rng.multinomial(examples, [ours, theirs, 1 - discordant], size=SIMULATED)
    p_values = [stats.binomtest(int(a), int(a + b)).pvalue for a, b, _ in tables]
    assert 0.72 <= np.mean(np.array(p_values) <= 0.05) <= 0.82


def test_a_planned_difference_agrees_with_the_one_of_data_like_those_planned():
    size = statistics.planned_detectable_difference(60, 0.5)
    ours_alone = round(60 * (0.5 + size) / 2)
    ours, theirs = paired(20, ours_alone, 30 - ours_alone, 10)
    measured = statistics.minimum_detectable_difference(list(np.subtract(ours, theirs)))
    assert measured == pytest.approx(size, rel=0.03)


def test_a_planned_difference_cannot_exceed_what_is_discordant():
    assert statistics.planned_detectable_difference(20, 0.05) is None
    assert statistics.planned_detectable_difference(2000, 0.05) < 0.05


@pytest.mark.parametrize(("examples", "discordant"), [(1, 0.2), (100, 0.0), (100, 1.5)])
def test_a_plan_without_sense_is_refused(examples, discordant):
    with pytest.raises(ValueError, match="discordant"):
        statistics.planned_detectable_difference(examples, discordant)


def test_a_plain_difference_outlasts_the_adjustment_for_very_many_pairs():
    """Random flips alone give no p-value below 2 in 10,000."""
    rng = np.random.default_rng(0)
    theirs = rng.uniform(0.1, 0.3, 200)
    p_value = statistics.paired_p_value([*(theirs + rng.uniform(0.3, 0.5, 200))], [*theirs])
    assert p_value < 1e-20
    assert statistics.adjusted([p_value] * 946)[0] < 0.05
