"""The last words of a look at data."""

from peftline.preflight import note


def test_the_closing_note_counts_rows_learnt_tokens_and_problems_by_level():
    report = {
        "rows": {"read": 12_000, "kept": 11_990, "dropped": 10},
        "format": "alpaca",
        "supervised_share": 0.3456,
        "problems": [{"level": "error"}, {"level": "warning"}, {"level": "warning"}],
    }
    assert note.closing(report) == (
        "12,000 rows read as alpaca: 11,990 kept, 10 dropped. 34.6% of the training tokens carry "
        "loss. Problems: 1 of level error, 2 of level warning."
    )
