"""A summary is of one run: what belongs to other data, another base or other questions is named."""

import json

import pytest

from peftline import agreement
from peftline.corpus.split import read_split
from peftline.errors import PeftlineError
from peftline.evaluation import metrics
from peftline.evaluation.protocol import Protocol
from peftline.handles import BaseScores, Examples, RunInputs
from peftline.schema import Evaluation

EVALUATION = Evaluation(max_new_tokens=6)


@pytest.fixture
def check(trained_lora, loud_base, sum_splits, sum_tokens, rendering, tmp_path):
    """Check the parts of one run, some of them exchanged for those of another one."""
    examples = Examples(
        path=tmp_path,
        sha256="e",
        format="alpaca",
        rows_read=36,
        rows_kept=36,
        rows_dropped=0,
        reasons={},
        near_duplicates=0,
    )
    scores = BaseScores(
        path=tmp_path,
        sha256="s",
        base_sha256=loud_base.sha256,
        data_sha256=sum_splits.sha256,
        rendering=rendering.model_dump(),
        evaluation=EVALUATION.model_dump(mode="json", exclude={"latency"}),
    )
    answered = [
        {"id": one.id, "prompt": one.prompt[0].text, "reference": one.answer}
        for one in read_split(sum_splits, "test")
    ]

    def run(rows=None, base_rows=None, evaluation=EVALUATION, trained=None, **exchanged):
        parts = {"splits": sum_splits, "tokenised": sum_tokens, "base_scores": scores}
        parts |= {"examples": examples, "base_model": loud_base}
        inputs = {
            name: part.model_copy(update=exchanged.get(name, {})) for name, part in parts.items()
        }
        agreement.check(
            trained_lora.handle.model_copy(update=trained or {}),
            RunInputs(**inputs),
            rendering,
            evaluation,
            answered if rows is None else rows(answered),
            [row | {"mode": "zero_shot"} for row in (base_rows or list)(answered)],
        )

    return run


@pytest.fixture
def check_versions(trained_lora, sum_splits, recipe):
    """The same for settings and scoring."""
    answered = [
        {"id": one.id, "prompt": one.prompt[0].text, "reference": one.answer, "prediction": "7"}
        for one in read_split(sum_splits, "test")
    ]
    for row in answered:
        row["scores"] = json.loads(json.dumps(metrics.TEXT.score("7", row["reference"])))

    def run(history=None, scores=None, protocol=None):
        made = recipe(max_steps=6)
        rows = [row | {"scores": row["scores"] | (scores or {})} for row in answered]
        asked = Protocol.of(EVALUATION, rows).model_dump() | (protocol or {})
        settings = made.model_dump(mode="json") | (history or {})
        agreement.check_versions(
            trained_lora.handle, made, EVALUATION, {"settings": settings}, rows, {"protocol": asked}
        )

    return run


def test_settings_and_scoring_of_one_run_are_of_one_time(check_versions):
    check_versions()
    for exchanged, named in (
        ({"history": {"training": {}}}, "the training, whose settings are others"),
        ({"scores": {"exact_match": True}}, "made by another version of the scoring"),
        ({"protocol": {"scoring_sha256": "old"}}, "the base's scores, which were asked for or"),
    ):
        with pytest.raises(PeftlineError, match=named):
            check_versions(**exchanged)


def test_the_parts_of_one_run_belong_together(check):
    check()
    check(evaluation=EVALUATION.model_copy(update={"latency": False}))  # not of the base


OTHER = {"data_sha256": "other"}
OTHER_BASE = {"base_sha256": "other"}


@pytest.mark.parametrize(
    ("exchanged", "named"),
    [
        ({"trained": OTHER}, "the training, whose data are others"),
        ({"trained": OTHER_BASE}, "the training, whose base model is another"),
        ({"trained": {"rendering": {}}}, "the training, whose prompt format is another"),
        ({"tokenised": OTHER}, "the tokenised rows, whose data are others"),
        ({"tokenised": OTHER_BASE}, "the tokenised rows, whose base model is another"),
        ({"base_scores": OTHER}, "the base's scores, whose data are others"),
        ({"base_scores": OTHER_BASE}, "the base's scores, whose base model is another"),
        ({"base_scores": {"rendering": {}}}, "the base's scores, whose prompts are others"),
        (
            {"evaluation": EVALUATION.model_copy(update={"few_shot": 0})},
            "the base's scores, whose settings are others",
        ),
        (
            {"rows": lambda rows: [row | {"prompt": "Else?"} for row in rows]},
            "the predictions, which are no answers to this test split",
        ),
        ({"base_rows": lambda rows: rows[1:]}, "the base's answers (zero_shot)"),
        (
            {"base_rows": lambda rows: [row | {"reference": "5"} for row in rows]},
            "the base's answers (zero_shot)",
        ),
    ],
)
def test_what_belongs_to_another_run_is_refused_by_name(check, exchanged, named):
    with pytest.raises(PeftlineError) as caught:
        check(**exchanged)
    message = str(caught.value)
    assert message.startswith("lora, seed 42: these do not belong to the data, base and settings")
    assert named in message
    assert "kedro run --pipelines=lora" in message


def test_data_that_another_run_has_exchanged_are_named_wherever_they_are_missed(check):
    with pytest.raises(PeftlineError) as caught:
        check(splits={"sha256": "other"}, base_model={"sha256": "other"})
    assert str(caught.value).count("data are others") == 3
    assert str(caught.value).count("base model is another") == 3
