"""Free text: equal, how many words in common, and in which order."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from peftline.corpus import shingles
from peftline.evaluation.metrics.metric_set import Metrics, MetricSet, Scores, shares
from peftline.evaluation.rows import Rows, groups_of
from peftline.evaluation.statistics.intervals import NO_VALUE, Metric, mean


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
    groups = groups_of(rows)
    means = {
        name: mean([float(row["scores"][name]) for row in rows], groups, is_share=True)
        for name in ("rouge_l", "token_f1")
    }
    predictions, references = ([row[of] for row in rows] for of in ("prediction", "reference"))
    return shares(rows, "exact_match") | means | {"bleu": bleu(predictions, references, groups)}


def bleu(predictions: list[str], references: list[str], groups: list[str]) -> Metric:
    """Corpus BLEU (Papineni et al. 2002; sacrebleu, Post 2018), as a share: 0.31 for 31 BLEU.

    `signature` says how it was computed, which a BLEU is not comparable without. The interval is
    that of the linearised BLEU: of its logarithm, a quarter of each precision's, and the brevity
    penalty, each of them a ratio of sums over examples.
    """
    from sacrebleu.metrics import BLEU

    if not references:
        return NO_VALUE.copy()
    computed = BLEU()
    found = computed.corpus_score(predictions, [references])
    # `effective_order` is about the sentence's own score, which is not used.
    sentence_score = BLEU(effective_order=True).sentence_score
    parts = [sentence_score(a, [b]) for a, b in zip(predictions, references, strict=True)]
    added = _added_to_log_bleu(parts, found)
    value = found.score / 100
    spread = mean((value * (1 + added)).tolist(), groups, is_share=True)
    return spread | {"value": round(value, 6), "signature": str(computed.get_signature())}


def _added_to_log_bleu(parts: list[Any], whole: Any) -> np.ndarray:
    """What each example adds to the logarithm of BLEU, times their number; 0 in the mean.

    Args:
        parts: of each example sacrebleu's counts of n-grams in common, totals and lengths.
        whole: those of all examples.
    """
    added = np.zeros(len(parts))
    for n, (common, total) in enumerate(zip(whole.counts, whole.totals, strict=True)):
        if common and total:  # a smoothed precision does not follow the counts
            added += [one.counts[n] / common - one.totals[n] / total for one in parts]
    added /= len(whole.counts)
    if whole.sys_len and whole.sys_len < whole.ref_len:  # penalty exp(1 - reference / answer)
        due = whole.ref_len / whole.sys_len
        added += [due * one.sys_len / whole.sys_len - one.ref_len / whole.sys_len for one in parts]
    return added * len(parts)


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
