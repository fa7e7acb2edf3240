import numpy as np
import pytest
from sklearn.metrics import accuracy_score, classification_report

from peftline.evaluation.metrics import LABELS
from peftline.evaluation.metrics.labels import macro_f1
from tests.evaluation.metrics.rows import scored


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Very good", True),
        (" very \n GOOD ", True),
        ("good", False),
        ("Very good.", False),
        ("The answer is very good", False),
        ("", False),
    ],
)
def test_a_label_is_compared_without_regard_to_capitals_and_white_space(answer, right):
    assert LABELS.score(answer, "very good") == {"accuracy": right}


def test_accuracy_and_macro_f1_are_scikit_learns():
    rng = np.random.default_rng(0)
    due = rng.choice(["a", "b", "c"], size=120, p=[0.6, 0.3, 0.1]).tolist()
    given = [one if rng.random() < 0.7 else str(rng.choice(["a", "b", "c"])) for one in due]
    found = LABELS.aggregate(scored(LABELS, zip(given, due, strict=True)))
    report = classification_report(due, given, output_dict=True)
    assert found["accuracy"]["value"] == pytest.approx(accuracy_score(due, given), abs=1e-6)
    assert found["macro_f1"]["value"] == pytest.approx(report["macro avg"]["f1-score"], abs=1e-6)
    assert found["macro_f1"]["low"] < found["macro_f1"]["value"] < found["macro_f1"]["high"]
    assert found["unknown_label"]["value"] == 0


def test_an_answer_that_is_no_label_is_wrong_and_counted():
    table = [("a", "a"), ("no idea", "a"), ("b", "b"), ("b", "b")]
    found = LABELS.aggregate(scored(LABELS, table))
    values = {name: one["value"] for name, one in found.items()}
    # a: precision 1, recall 1/2; b: both 1. The answer that is no label is no class of its own.
    assert values["macro_f1"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-6)
    assert (values["accuracy"], values["unknown_label"]) == (0.75, 0.25)


def test_macro_f1_heeds_rare_classes_and_accuracy_does_not():
    table = [("a", "a")] * 98 + [("a", "b")] * 2
    found = LABELS.aggregate(scored(LABELS, table))
    assert found["accuracy"]["value"] == 0.98
    assert found["macro_f1"]["value"] < 0.5


def test_the_interval_of_macro_f1_covers_the_truth():
    """A sample of 150 drawn 300 times from a population of a million pairs."""
    rng = np.random.default_rng(1)

    def pairs(count):
        due = rng.choice(3, size=count, p=[0.5, 0.3, 0.2])
        return due, np.where(rng.random(count) < 0.75, due, rng.choice(3, size=count))

    due, given = pairs(10**6)
    f1 = [
        2 * ((due == k) & (given == k)).sum() / ((due == k).sum() + (given == k).sum())
        for k in range(3)
    ]
    samples = (pairs(150) for _ in range(300))
    groups = [str(at) for at in range(150)]
    found = [macro_f1(*([str(one) for one in side] for side in both), groups) for both in samples]
    coverage = np.mean([one["low"] <= np.mean(f1) <= one["high"] for one in found])
    assert abs(coverage - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / 300) + 0.01


def test_the_interval_of_macro_f1_goes_by_groups():
    due, given = ["a", "b", "c"] * 20, ["a", "b", "a"] * 10 + ["a", "b", "c"] * 10
    by_rows = macro_f1(due, given, [str(at) for at in range(60)])
    by_groups = macro_f1(due, given, [str(at // 5) for at in range(60)])
    assert by_groups["value"] == by_rows["value"]
    assert by_groups["high"] - by_groups["low"] > 1.3 * (by_rows["high"] - by_rows["low"])
