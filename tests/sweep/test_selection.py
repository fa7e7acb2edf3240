"""What may decide between settings is found out before the first of them is tried."""

import pytest

from peftline.errors import PeftlineError
from peftline.evaluation import answers
from peftline.schema import Evaluation
from peftline.sweep.selection import check


def test_the_loss_and_the_headline_of_the_data_may_decide(sum_splits, loud_base, rendering):
    given = (sum_splits, loud_base, rendering, Evaluation())
    check("validation_loss", *given)
    check("rouge_l", *given)
    check("numeric_match", *given[:3], Evaluation(metrics="numeric"))


def test_the_headline_of_other_data_may_not(sum_splits, loud_base, rendering):
    with pytest.raises(
        PeftlineError, match=r"is scored by rouge_l \(metrics 'text'\). Select by rouge_l"
    ):
        check("exact_match", sum_splits, loud_base, rendering, Evaluation())


def test_text_without_questions_has_its_loss_alone(sum_splits, loud_base, rendering, monkeypatch):
    monkeypatch.setattr(answers, "questions", lambda *_: [])
    with pytest.raises(PeftlineError, match="is text. Select by validation_loss"):
        check("rouge_l", sum_splits, loud_base, rendering, Evaluation())
