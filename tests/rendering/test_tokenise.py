import datasets
import pytest

from peftline import jsonl
from peftline.corpus.split import SIDES, read_split
from peftline.errors import PeftlineError
from peftline.handles import Splits
from peftline.rendering import tokenise as module
from peftline.rendering.render import IGNORED
from peftline.rendering.tokenise import tokenise
from peftline.schema import Rendering


@pytest.fixture
def splits_of(tmp_path, make_example):
    """Splits with answers of the given lengths."""

    def make(train, validation=(5,), sha256="some data"):
        folder = tmp_path / "splits"
        folder.mkdir(exist_ok=True)
        for side, lengths in zip(SIDES, (train, validation, (5,)), strict=True):
            rows = [
                make_example(answer="x" * length, id=f"{side}-{at}")
                for at, length in enumerate(lengths)
            ]
            jsonl.write(folder / f"{side}.jsonl", (row.model_dump() for row in rows))
        return Splits(
            path=folder, sha256=sha256, train=len(train), validation=len(validation), test=1
        )

    return make


def read(tokenised, side):
    return datasets.load_from_disk(str(tokenised.path / side))


def test_every_example_is_there_with_equally_long_ids_and_labels(tokenised, tool_call_splits):
    for side in ("train", "validation"):
        rows = read(tokenised, side)
        assert rows["id"] == [example.id for example in read_split(tool_call_splits, side)]
        for row in rows:
            assert len(row["input_ids"]) == len(row["labels"]) == row["length"]


def test_every_row_ends_its_supervision_with_the_end_token(tokenised, tiny_tokenizer):
    assert tiny_tokenizer.pad_token_id == tiny_tokenizer.eos_token_id
    for side in ("train", "validation"):
        for row in read(tokenised, side):
            last = max(at for at, label in enumerate(row["labels"]) if label != IGNORED)
            assert row["input_ids"][last] == row["labels"][last] == tiny_tokenizer.eos_token_id


def test_supervised_tokens_are_the_answers(tokenised, tool_call_splits, tiny_tokenizer):
    answers = {e.id: e.answer for e in read_split(tool_call_splits, "train")}
    for row in read(tokenised, "train"):
        text = tiny_tokenizer.decode([label for label in row["labels"] if label != IGNORED])
        assert text == f"{answers[row['id']]}<|end|>"


def test_tokens_of_training_are_counted(tokenised):
    rows = list(read(tokenised, "train"))
    assert tokenised.total_tokens == sum(row["length"] for row in rows)
    assert tokenised.supervised_tokens == sum(
        label != IGNORED for row in rows for label in row["labels"]
    )


def test_rows_over_the_limit_are_left_out_counted_and_listed(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 300, 20, 400], validation=[5, 300])
    tokenised = tokenise(splits, tiny_base, Rendering(max_length_tokens=128), tmp_path)
    assert (tokenised.train, tokenised.validation) == (2, 1)
    assert tokenised.dropped == ["train-1", "train-3", "validation-1"]
    kept = tokenised.train + tokenised.validation
    assert kept + len(tokenised.dropped) == splits.train + splits.validation
    assert tokenised.longest_tokens > 400


def test_no_row_is_cut(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 300])
    limit = 400
    tokenised = tokenise(splits, tiny_base, Rendering(max_length_tokens=limit), tmp_path)
    lengths = sorted(read(tokenised, "train")["length"])
    assert lengths[1] - lengths[0] == 290
    exact = Rendering(max_length_tokens=lengths[1])
    assert tokenise(splits, tiny_base, exact, tmp_path).dropped == []
    below = Rendering(max_length_tokens=lengths[1] - 1)
    assert tokenise(splits, tiny_base, below, tmp_path).dropped == ["train-1"]


def test_if_all_rows_are_too_long_the_limit_and_the_longest_are_named(
    splits_of, tiny_base, tmp_path
):
    with pytest.raises(PeftlineError) as caught:
        tokenise(splits_of([300, 400]), tiny_base, Rendering(max_length_tokens=64), tmp_path)
    found = str(caught.value)
    assert "No train example has at most rendering.max_length_tokens=64 tokens" in found
    assert "(the longest has 4" in found
    assert "Raise the limit" in found
    assert list((tmp_path / "05_model_input").iterdir()) == []


def test_the_alpaca_format_supervises_the_end_of_sequence(
    splits_of, tiny_base, tiny_tokenizer, tmp_path
):
    tokenised = tokenise(splits_of([10]), tiny_base, Rendering(format="alpaca"), tmp_path)
    row = read(tokenised, "train")[0]
    assert row["labels"][-1] == tiny_tokenizer.eos_token_id
    assert "### Response:" in tiny_tokenizer.decode(row["input_ids"])


def test_equal_inputs_are_tokenised_once(splits_of, tiny_base, tmp_path, monkeypatch):
    written = []
    store = module._store
    monkeypatch.setattr(module, "_store", lambda *a: written.append(1) or store(*a))
    splits = splits_of([10, 20])
    first = tokenise(splits, tiny_base, Rendering(), tmp_path)
    assert tokenise(splits, tiny_base, Rendering(), tmp_path) == first
    assert len(written) == 1


@pytest.mark.parametrize("changed", ["data", "base", "format", "limit"])
def test_a_change_of_any_input_is_tokenised_anew(splits_of, tiny_base, tmp_path, changed):
    splits = splits_of([10, 20])
    first = tokenise(splits, tiny_base, Rendering(), tmp_path)
    other = tokenise(
        splits_of([10, 20], sha256="other data") if changed == "data" else splits,
        tiny_base.model_copy(update={"sha256": "x"}) if changed == "base" else tiny_base,
        Rendering(
            format="alpaca" if changed == "format" else "chat",
            max_length_tokens=500 if changed == "limit" else 512,
        ),
        tmp_path,
    )
    assert other.path != first.path
    # the hash is of the tokens: equal tokens train equal adapters, whatever they came from
    assert (other.sha256 == first.sha256) is (changed != "format")


def test_other_answers_have_another_hash(splits_of, tiny_base, tmp_path):
    first = tokenise(splits_of([10, 20]), tiny_base, Rendering(), tmp_path)
    other = splits_of([10, 21], sha256="other data")
    assert tokenise(other, tiny_base, Rendering(), tmp_path).sha256 != first.sha256
