"""Faults of a training, found in real trainings of the tiny model and in made-up courses."""

import math

import pytest

from peftline.adapters.none import NoAdapter
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.datasets.text import AtomicJSONDataset
from peftline.evaluation import answers
from peftline.fine_tune import fine_tune
from peftline.rendering import template
from peftline.reports.health import findings
from peftline.reports.plots import learning_curve
from peftline.schema import Evaluation


def history(train, validation=(), kept=None):
    """Records of a run: a training loss for each step, validation losses evenly spread."""
    records = [{"step": at, "train_loss": loss} for at, loss in enumerate(train, start=1)]
    spread = max(1, len(validation) - 1)
    records += [
        {"step": at * len(train) / spread, "validation_loss": loss}
        for at, loss in enumerate(validation)
    ]
    kept = kept if kept is not None else (validation[-1] if validation else None)
    return {"records": sorted(records, key=lambda r: r["step"]), "validation_loss": kept}


def names(*given, predictions=(), **more):
    return [found["name"] for found in findings(history(*given, **more), list(predictions))]


def falling(start, end, steps=50):
    return [end + (start - end) * math.exp(-5 * at / steps) for at in range(steps)]


@pytest.fixture
def train(loud_base, sum_tokens, recipe, tmp_path, float32):
    def run(base=loud_base, adapter=None, **training):
        made = recipe({"rank": 8, "alpha": 16}, **{"evaluations": 4, "max_steps": 20} | training)
        return fine_tune(
            recipe=made.model_copy(update={"adapter": adapter}) if adapter else made,
            name="lora",
            base=base,
            tokenised=sum_tokens,
            seed=42,
            input_hash="0" * 64,
            checkpoints=tmp_path / "checkpoints",
        )[1]

    return run


def test_a_huge_rate_diverges(train, tiny_base):
    (found,) = findings(train(tiny_base, NoAdapter(), learning_rate=1.0), [])
    assert found["name"] == "divergence"
    assert "training.learning_rate" in found["advice"]


def test_a_tiny_rate_is_a_plateau(train):
    done = train(learning_rate=1e-9)
    (found,) = findings(done, [])
    assert found["name"] == "plateau"
    assert f"{done['validation_loss']:.3f} after it" in found["evidence"]
    assert "Raise training.learning_rate" in found["advice"]


MANY_PASSES = {"learning_rate": 5e-3, "max_steps": 60, "schedule": "constant"}


def test_many_passes_over_few_rows_overfit(train):
    done = train(**MANY_PASSES)
    (found,) = findings(done, [])
    assert found["name"] == "overfit"
    assert f"{done['validation_loss']:.3f} at the end" in found["evidence"]
    assert "training.patience" in found["advice"]


def test_with_patience_the_same_training_keeps_better_weights(train):
    assert findings(train(**MANY_PASSES, patience=1), []) == []


def test_a_training_that_ends_too_early_is_still_improving(train):
    (found,) = findings(train(learning_rate=2e-2, max_steps=24, schedule="constant"), [])
    assert found["name"] == "still_improving"
    assert "at step 18 and is" in found["evidence"]


def test_a_base_that_does_not_end_its_answers_has_no_stop(
    loud_base, sum_splits, rendering, float32
):
    model = template.load(load_tokenizer(loud_base), rendering)
    settings = Evaluation(max_new_tokens=2)
    rows, _ = answers.answer_split(load_model(loud_base), model, sum_splits, settings, [], "")
    (found,) = findings(history(falling(2, 1), [2, 1.05, 1.01, 1.0, 1.0]), rows)
    assert found["name"] == "no_stop"
    assert found["evidence"].startswith("6 of 6 answers (100%)")
    assert "evaluation.max_new_tokens" in found["advice"]


def test_a_sound_training_has_no_findings():
    assert names(falling(2.0, 0.4), [2.0, 0.9, 0.52, 0.44, 0.42]) == []


@pytest.mark.parametrize("name", ["train_loss", "validation_loss", "grad_norm"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_a_divergence(name, value, tmp_path):
    """Also as the file has it, where it is null, and with the picture that is drawn of it."""
    course = history(falling(2.0, 0.4), [2.0, 0.9, 0.5, 0.44, 0.42])
    course["records"][7][name] = value
    file = AtomicJSONDataset(str(tmp_path / "history.json"))
    file.save(course)
    for one in (course, file.load()):
        (found,) = findings(one, [])
        assert found["name"] == "divergence"
        assert f"is no number at step {course['records'][7]['step']:.0f}" in found["evidence"]
        learning_curve(one, "lora")


def test_a_training_of_which_nothing_is_a_number_is_a_divergence():
    course = history([None] * 5, [2.0, None], kept=None)
    assert [found["name"] for found in findings(course, [])] == ["divergence"]
    learning_curve(course, "lora")


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        ([*falling(2.0, 0.5, 30), *falling(4.0, 3.0, 20)], [2.0, 0.6, 0.5, 4.0, 3.1], "divergence"),
        ([2.0, *[7.0] * 49], [2.0, 7.0, 7.0, 7.0, 7.0], "divergence"),
        ([2.0, *falling(9.0, 6.0, 49)], [2.0, 9.0, 7.0, 6.5, 6.0], "divergence"),
        ([2.0, 2.1] * 25, [2.0, 2.0, 2.01, 2.0, 1.99], "plateau"),
        (falling(2.0, 0.01), [2.0, 0.9, 0.8, 1.2, 1.5], "overfit"),
        (falling(2.0, 0.01), [2.0, 2.4, 2.8, 3.0, 3.1], "overfit"),
        (falling(2.0, 0.5), [2.0, 1.5, 1.2, 1.0, 0.75], "still_improving"),
    ],
)
def test_each_course_has_its_name(train, validation, expected):
    assert names(train, validation) == [expected]


def test_noise_of_single_batches_is_no_divergence():
    noisy = [loss * (1.4 if at % 3 else 0.6) for at, loss in enumerate(falling(2.0, 0.5))]
    assert names(noisy, [2.0, 0.8, 0.6, 0.55, 0.53]) == []


@pytest.mark.parametrize("train", [[2.0], [2.0, 1.4, 1.0, 1.7], [1.5, 2.4]])
def test_a_few_noisy_steps_are_no_divergence(train):
    assert names(train, [2.0, 1.2]) == []


def test_validation_that_rises_with_training_is_no_overfitting():
    train = [*falling(2.0, 0.3, 38), *[0.6] * 12]
    assert names(train, [2.0, 0.6, 0.5, 0.45, 0.7]) == []


def test_a_training_loss_near_zero_may_double_while_validation_stays():
    train = [*[0.02] * 40, *[0.045] * 10]
    assert names([0.06, *train], [0.063, 0.057, 0.057, 0.057, 0.058]) == []


def test_a_small_rise_is_no_overfitting():
    assert names(falling(2.0, 0.2), [2.0, 0.6, 0.5, 0.5, 0.52]) == []


def test_weights_of_the_lowest_loss_are_not_overfitted():
    assert names(falling(2.0, 0.01), [2.0, 0.85, 0.8, 1.2, 1.5], kept=0.8) == []


@pytest.mark.parametrize(("cut", "expected"), [(0, []), (2, []), (3, ["no_stop"])])
def test_more_than_one_in_ten_answers_may_not_be_cut(cut, expected):
    rows = [{"finished": at >= cut} for at in range(20)]
    assert names(falling(2.0, 0.4), [2.0, 0.9, 0.5, 0.44, 0.42], predictions=rows) == expected


@pytest.mark.parametrize("validation", [[], [2.0], [2.0, 1.0]])
def test_few_measurements_are_no_fault(validation):
    assert names(falling(2.0, 0.4), validation, kept=0.9 if validation else None) == []


def test_a_run_without_a_single_record_is_not_judged():
    assert findings({"records": [], "validation_loss": None}, []) == []
