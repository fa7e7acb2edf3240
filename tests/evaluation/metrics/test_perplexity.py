from math import exp, log

import numpy as np
import pytest

from peftline.evaluation.metrics import PERPLEXITY
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.evaluation.statistics.intervals import mean
from peftline.evaluation.statistics.significance import paired_test
from tests.evaluation.metrics.rows import scored

ROWS = [(Likelihood(-8.0, 2), "a b"), (Likelihood(-6.0, 6), "c"), (Likelihood(-1.0, 2), "d")]


def test_every_token_weighs_the_same():
    found = PERPLEXITY.aggregate(scored(PERPLEXITY, ROWS))
    loss, perplexity = found["negative_log_likelihood"], found["perplexity"]
    assert loss["value"] == pytest.approx(15 / 10)
    assert (loss["n"], loss["tokens"]) == (3, 10)
    for part in ("value", "low", "high"):
        assert perplexity[part] == pytest.approx(exp(loss[part]), abs=1e-5)


def test_a_model_that_guesses_among_all_words_has_their_number_as_perplexity():
    guess = [(Likelihood(n * -log(50), n), "x") for n in (1, 5, 20)]
    found = PERPLEXITY.aggregate(scored(PERPLEXITY, guess))["perplexity"]
    assert (found["value"], found["low"], found["high"]) == pytest.approx((50, 50, 50), rel=1e-4)


def test_a_paired_difference_is_that_of_the_losses_per_token():
    ours, theirs = (
        scored(PERPLEXITY, [(Likelihood(x, n), "x") for x, n in table])
        for table in ([(-4, 2), (-5, 6)], [(-8, 2), (-6, 6)])
    )
    found = paired_test(PERPLEXITY.values(ours), PERPLEXITY.values(theirs), ["a", "b"])
    assert found.difference["value"] == pytest.approx(9 / 8 - 14 / 8)


def test_examples_of_other_lengths_but_one_loss_leave_no_doubt():
    """Lengths are no uncertainty: the interval of a row is that of its summary."""
    rows = scored(PERPLEXITY, [(Likelihood(-2.0 * n, n), "x") for n in (1, 5, 20, 100)])
    assert PERPLEXITY.values(rows) == pytest.approx([2.0] * 4)


def test_the_spread_of_what_examples_add_is_that_of_the_ratio():
    random = np.random.default_rng(1)
    tokens = random.lognormal(3, 1, 200).astype(int) + 1
    losses = random.normal(2.0, 0.3, 200)
    rows = scored(
        PERPLEXITY, [(Likelihood(-x * n, int(n)), "x") for x, n in zip(losses, tokens, strict=True)]
    )
    summary = PERPLEXITY.aggregate(rows)["negative_log_likelihood"]
    table = mean(PERPLEXITY.values(rows), [row["group"] for row in rows])
    assert table["value"] == pytest.approx(summary["value"], abs=1e-5)
    for end in ("low", "high"):
        assert table[end] == pytest.approx(summary[end], abs=0.01)
    assert summary["high"] - summary["low"] == pytest.approx(0.13, abs=0.05)


def test_a_reference_without_tokens_cannot_be_scored():
    with pytest.raises(ValueError, match="no token"):
        PERPLEXITY.score(Likelihood(0.0, 0), "")
