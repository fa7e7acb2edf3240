"""What the check of the stored labels finds, and what it excuses."""

from types import SimpleNamespace

import datasets
import pytest

from peftline.preflight import labels
from peftline.rendering import stored, template
from peftline.rendering.render import IGNORED

SIDES = ["test", "validation"] + ["train"] * 8
LONG = "one two three four five six seven eight nine ten " * 8
ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"Question {at}? {LONG if at == 5 else ''}"},
            {"role": "assistant", "content": f"Answer {at}."},
            {"role": "user", "content": "And then?"},
            {"role": "assistant", "content": f"More {at}. {LONG if at == 6 else ''}"},
        ],
        "id": str(at),
        "split": side,
    }
    for at, side in enumerate(SIDES)
]


@pytest.fixture(scope="module")
def checked(prepared, own_template):
    """Cut long rows by a policy, break the labels of some rows, and look at what was stored."""

    def check(policy, broken=None):
        settings = {"max_length_tokens": 130, "too_long": policy}
        made = prepared(ROWS, rendering=settings, near_duplicates="keep")
        rows = stored.open_side(made.tokenised.path, "train").to_list()
        for row in rows:
            for at in (broken or {}).get(row["id"], ()):
                learnt = [i for i, label in enumerate(row["labels"]) if label != IGNORED]
                ends = [i for i in learnt if i + 1 not in learnt]
                row["labels"][ends[at]] = IGNORED
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stored, "open_side", lambda *_: datasets.Dataset.from_list(rows))
            found = labels.check(made.tokenised, own_template(made.rendering))
        return SimpleNamespace(cut=made.tokenised.not_whole, unended=found["ends_without_loss"])

    return check


@pytest.fixture(scope="module")
def own_template(tiny_base):
    from peftline.base_model.loading import load_tokenizer

    return lambda rendering: template.load(load_tokenizer(tiny_base), rendering)


@pytest.mark.parametrize("policy", ["truncate_answer", "truncate_prompt"])
def test_rows_that_were_cut_are_no_fault(checked, policy):
    found = checked(policy)
    assert found.cut["cut"] >= 1
    assert found.unended == []


@pytest.mark.parametrize("policy", ["truncate_answer", "truncate_prompt"])
@pytest.mark.parametrize("turn", [0, 1])
def test_a_row_without_an_end_is_found_beside_one_that_was_cut(checked, policy, turn):
    assert checked(policy, {"3": [turn]}).unended == ["3"]


def test_an_earlier_turn_of_a_row_that_was_cut_needs_its_end(checked):
    assert checked("truncate_answer", {"6": [0]}).unended == ["6"]


def test_a_cut_prompt_excuses_no_end(checked):
    assert checked("truncate_prompt", {"5": [1]}).unended == ["5"]
