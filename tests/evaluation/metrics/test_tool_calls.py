from peftline.evaluation.metrics import TOOL_CALLS
from peftline.tool_calls import REFUSAL
from tests.evaluation.metrics.rows import scored

CALL = '{"name": "add", "arguments": {"count": 3}}'
OTHER = '{"name": "add", "arguments": {"count": 4}}'


def test_scores_of_tool_calls_on_a_known_table():
    table = [  # prediction, reference
        (CALL, CALL),
        (OTHER, CALL),
        ("not JSON", CALL),
        (REFUSAL, CALL),
        (REFUSAL, REFUSAL),
        (REFUSAL, REFUSAL),
        (CALL, REFUSAL),
        ("not JSON", REFUSAL),
        (CALL, CALL),
        (CALL, CALL),
    ]
    found = TOOL_CALLS.aggregate(scored(TOOL_CALLS, table))
    values = {name: (metric["value"], metric["n"]) for name, metric in found.items()}
    assert values == {
        "exact_match": (0.5, 10),
        "valid_json": (0.8, 10),
        "name_accuracy": (0.6, 10),
        "refusal_precision": (round(2 / 3, 6), 3),
        "refusal_recall": (0.5, 4),
    }


def test_without_refusals_their_scores_have_no_value():
    found = TOOL_CALLS.aggregate(scored(TOOL_CALLS, [(CALL, CALL)]))
    for name in ("refusal_precision", "refusal_recall"):
        assert (found[name]["value"], found[name]["n"]) == (None, 0)
