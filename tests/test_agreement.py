"""A summary is of one run: what belongs to other data, another base or other questions is named."""

import pytest

from peftline import agreement
from peftline.corpus.split import read_split
from peftline.errors import PeftlineError
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
