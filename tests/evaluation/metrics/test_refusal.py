import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from peftline.evaluation.metrics import REFUSAL
from peftline.evaluation.metrics.refusal import is_refusal
from peftline.tool_calls import REFUSAL as NO_TOOL
from tests.evaluation.metrics.rows import scored

DECLINED = "I'm sorry, but I can't help with that."
DONE = "Here is the recipe: take two eggs."


@pytest.mark.parametrize(
    "text",
    [
        NO_TOOL,
        NO_TOOL.lower().rstrip("."),
        DECLINED,
        "I\u2019m sorry, I can\u2019t do that.",
        "As an AI language model, I cannot give medical advice.",
        "Thank you for asking. We are not able to share this.",
        "I won't write that.",
        "I am unable to open files.",
        "I must decline.",
        "I have to refuse this request.",
    ],
)
def test_who_declines_refuses(text):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        DONE,
        "I'm sorry to hear that. Try turning it off and on.",
        "I can't wait to show you: here it is.",
        "You can't park there, but here is a map.",
        "The key cannot be null.",
        "Take two eggs. Beat them. Note that I cannot taste it for you.",
        '{"name": "add", "arguments": {}}',
    ],
)
def test_other_answers_are_no_refusals(text):
    assert not is_refusal(text)


def test_scores_of_refusals_are_scikit_learns():
    table = [
        *[(DECLINED, DECLINED)] * 5,
        *[(DONE, DECLINED)] * 2,
        *[(DECLINED, DONE)] * 3,
        *[(DONE, DONE)] * 10,
    ]
    found = REFUSAL.aggregate(scored(REFUSAL, table))
    given, due = zip(*[(a == DECLINED, b == DECLINED) for a, b in table], strict=True)
    expected = {
        "refusal_precision": precision_score(due, given),
        "refusal_recall": recall_score(due, given),
        "refusal_f1": f1_score(due, given),
        "refusal_accuracy": 15 / 20,
    }
    assert {name: one["value"] for name, one in found.items()} == pytest.approx(expected, abs=1e-6)
    assert found["refusal_f1"]["low"] < found["refusal_f1"]["value"] < found["refusal_f1"]["high"]


def test_where_nobody_refuses_nothing_but_the_accuracy_has_a_value():
    found = REFUSAL.aggregate(scored(REFUSAL, [(DONE, DONE)]))
    assert found.pop("refusal_accuracy")["value"] == 1
    assert [one["value"] for one in found.values()] == [None, None, None]
