"""Free text: equal, how many words in common, and in which order."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from peftline.corpus import shingles
from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows
from peftline.evaluation.statistics.intervals import NO_VALUE, Metric, mean, metric

_BLEU_RESAMPLES = 1000  # sacrebleu's own number


def score(prediction: str, reference: str) -> Scores:
    """Compare an answer with the reference.

    Returns:
        exact_match: the same but for white space.
        rouge_l: F-measure of the longest common subsequence of words (Lin 2004; rouge-score).
        token_f1: F-measure of the words in common, in any order (as SQuAD, Rajpurkar et al. 2016,
            arXiv:1606.05250, but with words of any script, and articles count).
    """
    return {
        "exact_match": " ".join(prediction.split()) == " ".join(reference.split()),
        "rouge_l": round(_rouge()(reference, prediction)["rougeL"].fmeasure, 6),
        "token_f1": round(_token_f1(_words(prediction), _words(reference)), 6),
    }


def aggregate(rows: Rows) -> Metrics:
    """Means of the scores, and BLEU of all answers together."""
    scores = [row["scores"] for row in rows]
    return {
        **shares(rows, "exact_match"),
        "rouge_l": mean([float(one["rouge_l"]) for one in scores]),
        "token_f1": mean([float(one["token_f1"]) for one in scores]),
        "bleu": bleu([row["prediction"] for row in rows], [row["reference"] for row in rows]),
    }


def bleu(predictions: list[str], references: list[str]) -> Metric:
    """Corpus BLEU (Papineni et al. 2002; sacrebleu, Post 2018), as a share: 0.31 for 31 BLEU.

    The interval is sacrebleu's, by resampling examples. `signature` says how it was computed, which
    a BLEU is not comparable without.
    """
    from sacrebleu.metrics import BLEU

    if not references:
        return NO_VALUE.copy()
    computed = BLEU()
    found = computed.corpus_score(predictions, [references], n_bootstrap=_BLEU_RESAMPLES)
    # Centre and half width of the interval have no public name: `found.format()` prints them.
    low, high = found._mean - found._ci, found._mean + found._ci
    shares = [share / 100 for share in (found.score, low, high)]
    return metric(*shares, len(references)) | {"signature": str(computed.get_signature())}


def _token_f1(given: list[str], due: list[str]) -> float:
    if not given or not due:
        return float(given == due)
    common = (Counter(given) & Counter(due)).total()
    return 2 * common / (len(given) + len(due))


def _words(text: str) -> list[str]:
    """Lower-case words of any script; of a text without any, such as an emoji, its pieces."""
    return shingles.words(text) or text.split()


@functools.cache
def _rouge() -> Callable[[str, str], Any]:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words()).score


class _Words:
    """Words of any script; rouge-score's own tokenizer knows a to z and digits only."""

    def tokenize(self, text: str) -> list[str]:
        """Words, or what stands in their place."""
        return _words(text)


TEXT = MetricSet(name="text", headline="rouge_l", score=score, aggregate=aggregate)
