from math import sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from peftline.evaluation.statistics import intervals
from peftline.evaluation.statistics.clusters import standard_error

SIMULATED = 2000
# Three standard errors of a share of 0.05 or 0.95 over so many simulated samples.
MONTE_CARLO = 3 * sqrt(0.05 * 0.95 / SIMULATED)


def alone(values):
    """Every row a group of its own."""
    return [str(at) for at in range(len(values))]


def proportion(hits, groups=None):
    return intervals.proportion(hits, groups or alone(hits))


def mean(values, groups=None, **more):
    return intervals.mean(values, groups or alone(values), **more)


def ratio(above, below, groups=None):
    return intervals.ratio(above, below, groups or alone(above))


def wilson(hits, n):
    """The interval as E. B. Wilson wrote it in 1927."""
    z = 1.959963984540054
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (180, 240)])
def test_a_proportion_has_wilsons_interval(hits, n):
    found = proportion([True] * hits + [False] * (n - hits))
    assert found["value"] == round(hits / n, 6)
    assert (found["low"], found["high"]) == pytest.approx(wilson(hits, n), abs=2e-6)
    assert (found["low"], found["high"]) == pytest.approx(
        proportion_confint(hits, n, method="wilson"), abs=2e-6
    )
    assert found["n"] == n


def test_wilsons_interval_covers_the_truth_19_times_in_20():
    """Over all outcomes of 60 examples, by their probability; no simulation is needed."""
    n, truths = 60, np.linspace(0.02, 0.98, 97)
    found = [proportion([True] * k + [False] * (n - k)) for k in range(n + 1)]
    low, high = (np.array([one[name] for one in found]) for name in ("low", "high"))
    coverage = [
        stats.binom.pmf(np.arange(n + 1), n, truth)[(low <= truth) & (truth <= high)].sum()
        for truth in truths
    ]
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.005)
    assert min(coverage) > 0.9  # it swings from one truth to the next, as a count has steps


def test_a_share_of_groups_has_wilsons_interval_at_n_over_the_design_effect():
    """Five hits in a row of one group are one piece of evidence, not five."""
    hits, groups = [True] * 30 + [False] * 20, [str(at // 5) for at in range(50)]
    found = proportion(hits, groups)
    # Of 10 equal groups whose rows are all alike: s²/n = 0.24 / 49, CR2 = (0.24 / 9).
    assert found["design_effect"] == pytest.approx((0.24 / 9) / (0.24 / 49), abs=0.005)
    effective = 50 / (49 / 9) * (stats.t.ppf(0.975, 49) / stats.t.ppf(0.975, 9)) ** 2
    expected = proportion_confint(0.6 * effective, effective, method="wilson")
    assert (found["low"], found["high"]) == pytest.approx(expected, abs=1e-6)
    assert (found["n"], found["groups"], found["effective_groups"]) == (50, 10, 10.0)
    assert found["high"] - found["low"] > 1.9 * (proportion(hits)["high"] - proportion(hits)["low"])


def test_intervals_by_groups_cover_and_those_by_rows_do_not():
    rng, sizes = np.random.default_rng(4), np.resize([1, 2, 4, 5], 40)
    hits = rng.binomial(sizes, rng.beta(0.6, 1.4, size=(SIMULATED, 40))).astype(float)
    low, high, effect = intervals.wilson(hits, sizes)
    covered = np.mean((low <= 0.3) & (0.3 <= high))
    assert abs(covered - 0.95) <= MONTE_CARLO + 0.005
    by_rows = [wilson(one, sizes.sum()) for one in hits.sum(axis=1)]
    assert np.mean([low <= 0.3 <= high for low, high in by_rows]) < 0.9
    more = np.square(sizes).sum() / sizes.sum() - 1
    assert np.mean(effect) == pytest.approx(1 + more / 3, rel=0.05)  # correlation 1 / (1 + 2)


def test_where_nothing_varies_the_groups_count_and_not_the_rows():
    hits, groups = [True] * 40, [str(at // 4) for at in range(40)]
    found = proportion(hits, groups)
    assert found["design_effect"] == 4.0
    assert proportion([True] * 10)["low"] > found["low"] > proportion([True] * 7)["low"]


def test_groups_that_are_all_alike_do_not_make_an_interval_without_width():
    """Each has a hit and a miss: the spread over groups is nothing, by chance or for a reason."""
    found = proportion([True, False] * 12, [str(at // 2) for at in range(24)])
    assert found["design_effect"] == 0.5
    assert found["high"] - found["low"] > 0.2


@pytest.mark.parametrize(
    ("hits", "groups", "reason"),
    [
        ([1, 0] * 20, 40, None),
        ([1, 0] * 20, 8, "8.0 effective groups, and 10 are needed"),
        ([1] + [0] * 39, 40, "hits in 1 group, and 10 are needed"),
        ([0] * 40, 40, "hits in 0 groups, and 10 are needed"),
        ([1] * 35 + [0] * 5, 20, "misses in 3 groups, and 10 are needed"),
    ],
)
def test_a_share_of_few_groups_says_that_it_allows_no_verdict(hits, groups, reason):
    found = proportion(hits, [str(at * groups // 40) for at in range(40)])
    assert found["no_verdict"] == reason


def test_a_mean_of_hits_over_seeds_says_so_too():
    groups = [str(at) for at in range(40)]
    thirds = [1 / 3] * 5 + [0.0] * 35
    assert mean(thirds, groups, is_share=True)["no_verdict"].startswith("hits in 5 groups")
    assert mean(thirds, groups)["no_verdict"] is None
    assert mean([1 / 3, 1.0] * 20, groups, is_share=True)["no_verdict"] is None


def test_without_examples_there_is_no_value():
    for found in (proportion([]), mean([]), ratio([], [])):
        assert found == intervals.NO_VALUE
        assert (found["value"], found["low"], found["n"], found["groups"]) == (None, None, 0, 0)


def test_a_mean_has_the_interval_of_the_t_distribution():
    values = [0.0, 0.2, 0.4, 0.9, 1.0, 0.3]
    found = mean(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected), abs=1e-6)
    assert found["value"] == pytest.approx(2.8 / 6, abs=1e-6)
    assert found["n"] == found["groups"] == 6


def test_a_mean_by_groups_is_as_uncertain_as_when_groups_are_resampled():
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(60), np.resize([1, 2, 6], 60))
    values = np.clip(rng.normal(0.5, 0.2, 60)[groups] + rng.normal(0, 0.1, len(groups)), 0, 1)
    found = mean(values, [str(one) for one in groups])
    sums, sizes = np.bincount(groups, values), np.bincount(groups)
    drawn = rng.integers(0, 60, size=(4000, 60))
    low, high = np.percentile(sums[drawn].sum(1) / sizes[drawn].sum(1), [2.5, 97.5])
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.01)
    by_rows = mean(values)
    assert found["high"] - found["low"] > 1.4 * (by_rows["high"] - by_rows["low"])


def test_a_share_stays_between_nothing_and_all():
    assert mean([0.0, 0.0, 0.4], is_share=True)["low"] == 0
    assert mean([1.0, 1.0, 0.4], is_share=True)["high"] == 1
    assert mean([0.0, 0.0, 0.4])["low"] < 0


def test_an_interval_narrows_with_more_examples():
    few, many = mean([0.0, 1.0] * 5), mean([0.0, 1.0] * 200)
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    # of a mean of 400 coin flips: 1.96 * 0.5 / 20 to each side
    assert many["high"] - many["low"] == pytest.approx(0.098, abs=0.01)


def test_of_one_group_nothing_but_the_mean_is_known():
    for found in (mean([0.5]), mean([0.5, 0.7], ["a", "a"])):
        assert found["low"] is found["high"] is None
    assert mean([0.5, 0.5, 0.5])["low"] == 0.5


def coverage(truth, found):
    return np.mean([one["low"] <= truth <= one["high"] for one in found])


def test_the_interval_covers_a_mean_of_scores_19_times_in_20():
    """Scores between 0 and 1 with a peak at 0, as ROUGE has."""
    samples = np.random.default_rng(1).beta(0.5, 1.5, size=(SIMULATED, 80))
    found = coverage(0.25, [mean(one) for one in samples])
    assert abs(found - 0.95) <= MONTE_CARLO


def test_the_interval_covers_a_loss_per_token_19_times_in_20():
    """Examples of very different length, the longer ones with the lower loss, in groups of two."""
    rng = np.random.default_rng(3)
    tokens = rng.integers(1, 40, size=(SIMULATED, 80)).repeat(2, axis=1)
    noise = rng.normal(size=(SIMULATED, 80)).repeat(2, axis=1)
    losses = tokens * (1 + 2 / tokens) + noise * np.sqrt(tokens)
    truth = (np.arange(1, 40) + 2).mean() / np.arange(1, 40).mean()
    groups = [str(at // 2) for at in range(160)]
    table = list(zip(losses, tokens, strict=True))
    found = coverage(truth, [ratio(above, below, groups) for above, below in table])
    assert 0.94 - MONTE_CARLO <= found <= 0.95 + MONTE_CARLO
    assert coverage(truth, [ratio(above, below) for above, below in table]) < 0.87


def test_a_ratio_is_sum_over_sum_not_a_mean_of_ratios():
    found = ratio([1.0, 9.0], [1, 3])
    assert (found["value"], found["n"]) == (2.5, 2)
    assert found["low"] < 2.5 < found["high"]


def test_lists_of_different_examples_cannot_be_compared():
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="1 values of 2 rows"):
        mean([1.0], ["a", "b"])


def test_a_standard_error_is_that_of_the_paired_t_test():
    differences = list(np.random.default_rng(9).normal(0.2, 1, size=30))
    told = stats.ttest_1samp(differences, 0.0)
    error = standard_error(differences, alone(differences))
    average = float(np.mean(differences))
    assert error.p_value(average) == pytest.approx(told.pvalue)
    assert error.around(average) == pytest.approx(tuple(told.confidence_interval()), abs=1e-6)


@pytest.mark.parametrize(("difference", "expected"), [(0.0, 1.0), (0.5, 0.0)])
def test_where_nothing_varies_a_difference_is_certain(difference, expected):
    assert standard_error([difference] * 5, alone([0] * 5)).p_value(difference) == expected
