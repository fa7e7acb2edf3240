import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from peftline.evaluation.metrics import TEXT, text
from tests.evaluation.metrics.rows import scored

TALE = [
    ("The cat sat on the mat in the sun.", "The cat sat on the mat in the sun."),
    ("A dog slept under the old table.", "The dog slept under the old wooden table."),
    ("It rains in Rome today.", "Today it is raining in Rome."),
    ("Nothing of the kind.", "She opened the window and looked out."),
    ("They walked home along the river.", "They walked home along the river at night."),
]


def test_scores_of_text():
    same = TEXT.score("The  cat\nsat.", "The cat sat.")
    assert same == {"exact_match": True, "rouge_l": 1.0, "token_f1": 1.0}
    # longest common subsequence "the cat": precision 2/3, recall 2/4
    part = TEXT.score("the cat ran", "the big cat slept")
    assert part["exact_match"] is False
    assert part["rouge_l"] == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5), abs=1e-6)
    nothing = {"exact_match": False, "rouge_l": 0.0, "token_f1": 0.0}
    assert TEXT.score("", "The cat sat.") == nothing
    rows = scored(TEXT, [("The  cat\nsat.", "The cat sat."), ("the cat ran", "the big cat slept")])
    found = TEXT.aggregate(rows)
    assert found["exact_match"]["value"] == 0.5
    assert found["rouge_l"]["value"] == pytest.approx((1 + part["rouge_l"]) / 2, abs=1e-6)
    assert found["token_f1"]["value"] == pytest.approx((1 + part["token_f1"]) / 2, abs=1e-6)


@pytest.mark.parametrize("script", ["Привет, мир", "今天 天气 很好", "naïve café", "+", "👍"])
def test_every_script_is_read(script):
    found = TEXT.score(script, script)
    assert found["rouge_l"] == found["token_f1"] == 1


@pytest.mark.parametrize(
    ("prediction", "reference", "f1"),
    [
        ("slept the dog", "the dog slept", 1.0),  # in any order
        ("the the the", "the dog", 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)),  # each word once
        ("A dog!", "a DOG", 1.0),
        ("", "", 1.0),
        ("...", "dog", 0.0),
        ("की", "का", 0.0),  # vowel signs tell words apart
        ("caf\u00e9", "cafe\u0301", 1.0),  # one letter, written in two ways
        ("👍", "👍", 1.0),
        ("👍", "👎", 0.0),
    ],
)
def test_token_f1_is_of_the_words_in_common(prediction, reference, f1):
    assert TEXT.score(prediction, reference)["token_f1"] == pytest.approx(f1, abs=1e-6)


WORDS = st.lists(st.sampled_from("abcdef"), max_size=8).map(" ".join)


@given(WORDS, WORDS)
def test_token_f1_is_no_smaller_than_rouge_l_which_heeds_the_order(one, other):
    found = TEXT.score(one, other)
    assert found["token_f1"] == TEXT.score(other, one)["token_f1"]
    if one and other:
        assert 0 <= found["rouge_l"] <= found["token_f1"] + 1e-6 <= 1 + 1e-6


def test_bleu_is_sacrebleus_and_names_its_signature():
    predictions, references = zip(*TALE, strict=True)
    found = text.bleu(list(predictions), list(references), list("abcde"))
    theirs = sacrebleu.corpus_bleu(list(predictions), [list(references)]).score
    assert found["value"] == pytest.approx(theirs / 100, abs=1e-6)
    assert 0 < found["low"] < found["value"] < found["high"] <= 1
    assert found["n"] == 5
    assert "tok:13a" in found["signature"] and "smooth:exp" in found["signature"]
    assert sacrebleu.__version__ in found["signature"]


def test_bleu_is_of_all_answers_together():
    assert text.bleu(["a b c d e"], ["a b c d e"], ["1"])["value"] == pytest.approx(1)
    assert text.bleu(["x y z u v"], ["a b c d e"], ["1"])["value"] == pytest.approx(0)
    assert text.bleu([], [], [])["value"] is None


@pytest.mark.parametrize("cut", [0, 3])
def test_the_interval_of_bleu_is_that_of_sacrebleus_bootstrap(cut):
    """Also where answers are too short, and the penalty for that is a part of it."""
    rng = np.random.default_rng(1)
    due = [" ".join(rng.choice(list("abcdefgh"), size=14)) for _ in range(120)]
    said = [
        " ".join(x if rng.random() < 0.9 else "z" for x in one.split()[: 14 - cut]) for one in due
    ]
    alone = [str(at) for at in range(120)]
    found = text.bleu(said, due, alone)
    theirs = sacrebleu.BLEU().corpus_score(said, [due], n_bootstrap=1000)
    assert found["value"] == pytest.approx(theirs.score / 100, abs=1e-6)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(theirs._ci / 100, rel=0.15)
    twice = text.bleu(said * 2, due * 2, alone * 2)
    assert twice["high"] - twice["low"] == pytest.approx(found["high"] - found["low"], rel=0.01)
