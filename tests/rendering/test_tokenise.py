import shutil

import numpy
import pytest

from peftline import jsonl, store
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.base_model.materialise import materialise
from peftline.corpus.split import SIDES, read_split
from peftline.errors import PeftlineError
from peftline.handles import Splits
from peftline.labels import IGNORED
from peftline.rendering import token_rows
from peftline.rendering import tokenise as module
from peftline.rendering.tokenise import LISTED, tokenise
from peftline.schema import BaseModelSource, Rendering

POLICIES = ["drop", "truncate_prompt", "truncate_answer"]


@pytest.fixture
def splits_of(tmp_path, make_example):
    """Splits with answers of the given lengths; a question of a tuple's first length."""

    def make(train, validation=(5,), sha256="some data"):
        folder = tmp_path / "splits"
        folder.mkdir(exist_ok=True)
        for side, lengths in zip(SIDES, (train, validation, (5,)), strict=True):
            pairs = [pair if isinstance(pair, tuple) else (6, pair) for pair in lengths]
            rows = [
                make_example("q" * asked, "x" * said, id=f"{side}-{at}")
                for at, (asked, said) in enumerate(pairs)
            ]
            rows = [
                row.model_copy(update={"origin": f"rows.jsonl, row {at + 1}"})
                for at, row in enumerate(rows)
            ]
            jsonl.write(
                folder / f"{side}.jsonl", (row.model_dump(exclude_defaults=True) for row in rows)
            )
        return Splits(
            path=folder,
            sha256=sha256,
            format="alpaca",
            train=len(train),
            validation=len(validation),
            test=1,
        )

    return make


def read(tokenised, side):
    return token_rows.open_side(tokenised.path, side)


def listed(tokenised):
    return list(jsonl.read(tokenised.path / LISTED))


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
    ), "of conversations nothing else is counted than before: the first token never has a label"
    assert tokenised.validation_supervised_tokens == sum(
        label != IGNORED for row in read(tokenised, "validation") for label in row["labels"]
    )


def test_of_plain_text_the_first_token_is_not_counted_for_nothing_predicts_it(
    splits_of, tiny_base, tmp_path
):
    splits = splits_of([10, 20], validation=[7])
    for side in ("train", "validation"):
        rows = list(jsonl.read(splits.path / f"{side}.jsonl"))
        for row in rows:
            row["kind"], row["messages"] = "text", row["messages"][1:]
        jsonl.write(splits.path / f"{side}.jsonl", rows)
    tokenised = tokenise(splits, tiny_base, Rendering(), tmp_path)
    assert tokenised.total_tokens == (10 + 1) + (20 + 1), "a byte is a token; and the end"
    assert tokenised.supervised_tokens == 10 + 20
    assert tokenised.validation_supervised_tokens == 7


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_over_the_limit_are_counted_and_listed_whatever_is_done(
    splits_of, tiny_base, tmp_path, policy
):
    # fits; a long answer; a long question; both long
    splits = splits_of([10, 300, (300, 20), (300, 400)], validation=[5, (300, 5)])
    config = Rendering(max_length_tokens=128, too_long=policy)
    tokenised = tokenise(splits, tiny_base, config, tmp_path)
    kept = {
        "drop": (["train-0"], ["validation-0"]),
        "truncate_prompt": (["train-0", "train-2"], ["validation-0", "validation-1"]),
        "truncate_answer": (["train-0", "train-1"], ["validation-0"]),
    }[policy]
    assert tuple(list(read(tokenised, side)["id"]) for side in ("train", "validation")) == kept
    assert (tokenised.train, tokenised.validation) == tuple(map(len, kept))
    found = listed(tokenised)
    outcomes = {row["id"]: row["outcome"] for row in found}
    assert set(outcomes) == {"train-1", "train-2", "train-3", "validation-1"}
    for name, outcome in outcomes.items():
        assert outcome == ("cut" if name in kept[0] + kept[1] else "dropped")
    counts = {one: list(outcomes.values()).count(one) for one in set(outcomes.values())}
    assert tokenised.not_whole == counts
    left_out = sum(count for outcome, count in tokenised.not_whole.items() if outcome != "cut")
    assert tokenised.train + tokenised.validation + left_out == 6
    first = found[0]
    assert (first["side"], first["origin"]) == ("train", "rows.jsonl, row 2")
    assert first["tokens"] > 300
    for side in ("train", "validation"):
        assert max(read(tokenised, side)["length"]) <= 128


def test_a_row_over_the_limit_stops_the_run_if_wanted(splits_of, tiny_base, tmp_path):
    config = Rendering(max_length_tokens=128, too_long="raise")
    with pytest.raises(PeftlineError) as caught:
        tokenise(splits_of([10, 300]), tiny_base, config, tmp_path)
    found = str(caught.value)
    assert found.startswith("rows.jsonl, row 2: 3")
    assert "are more than rendering.max_length_tokens=128" in found
    assert "drop, truncate_prompt or truncate_answer" in found
    assert list((tmp_path / "05_model_input").iterdir()) == []


def test_no_row_is_cut_that_fits_to_the_token(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 300])
    whole = tokenise(splits, tiny_base, Rendering(max_length_tokens=400), tmp_path)
    lengths = sorted(read(whole, "train")["length"])
    assert lengths[1] - lengths[0] == 290
    exact = Rendering(max_length_tokens=lengths[1])
    assert tokenise(splits, tiny_base, exact, tmp_path).not_whole == {}
    below = Rendering(max_length_tokens=lengths[1] - 1)
    assert tokenise(splits, tiny_base, below, tmp_path).not_whole == {"dropped": 1}


def test_lengths_are_described_as_they_were_before_any_cut(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 300, 20, 400])
    config = Rendering(max_length_tokens=128)
    lengths = tokenise(splits, tiny_base, config, tmp_path).lengths
    assert 400 < lengths["longest"] < 450
    assert sum(lengths["histogram"]["counts"]) == 5
    assert lengths["suggested_limit"] % 64 == 0
    assert lengths["p95"] <= lengths["suggested_limit"]
    limit = Rendering(max_length_tokens=lengths["suggested_limit"])
    assert tokenise(splits, tiny_base, limit, tmp_path).not_whole == {}


def test_if_all_rows_are_too_long_the_limit_and_the_longest_are_named(
    splits_of, tiny_base, tmp_path
):
    with pytest.raises(PeftlineError) as caught:
        tokenise(splits_of([300, 400]), tiny_base, Rendering(max_length_tokens=64), tmp_path)
    found = str(caught.value)
    assert "No train example is left: 2 have more than rendering.max_length_tokens=64" in found
    assert "(the longest has 4" in found
    assert "Raise the limit" in found
    assert list((tmp_path / "05_model_input").iterdir()) == []


def test_rows_in_which_nothing_is_learnt_are_left_out_and_listed(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 20])
    file = splits.path / "train.jsonl"
    rows = list(jsonl.read(file))
    rows[1]["messages"][1]["loss"] = False
    jsonl.write(file, rows)
    tokenised = tokenise(splits, tiny_base, Rendering(), tmp_path)
    assert tokenised.train == 1
    assert tokenised.not_whole == {"unsupervised": 1}
    assert listed(tokenised)[0]["id"] == "train-1"


def test_special_tokens_in_data_are_counted(splits_of, tiny_base, tmp_path):
    splits = splits_of([10, 20])
    file = splits.path / "train.jsonl"
    rows = list(jsonl.read(file))
    rows[0]["messages"][0]["content"] = "What does <|end|> mean after <|start|>?"
    jsonl.write(file, rows)
    assert tokenise(splits, tiny_base, Rendering(), tmp_path).neutralised == 2


def test_special_tokens_in_tools_calls_and_the_worse_answer_are_counted(
    splits_of, tiny_base, tmp_path
):
    splits = splits_of([10, 20])
    file = splits.path / "train.jsonl"
    rows = list(jsonl.read(file))
    request, answer = rows[0]["messages"]
    call = {"name": "f", "arguments": {"texts": ["<|end|>"]}}
    calling = {"role": "assistant", "tool_calls": [call]}
    rows[0] |= {
        "messages": [request, calling, {"role": "tool", "content": "r"}, answer],
        "tools": [{"name": "f", "description": "Ends with <|end|>."}],
        "rejected": {"role": "assistant", "content": "No.<|end|><|start|>"},
    }
    jsonl.write(file, rows)
    config = Rendering(max_length_tokens=3072)
    assert tokenise(splits, tiny_base, config, tmp_path).neutralised == 4


def test_two_processes_give_what_one_gives(splits_of, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BATCH_ROWS", 7)
    monkeypatch.setattr(module.hardware, "processors", lambda: 2)
    splits = splits_of([5 + at * 37 % 90 for at in range(60)], [5, 200, 7])
    config = Rendering(max_length_tokens=96, too_long="truncate_answer")
    one = tokenise(splits, tiny_base, config, tmp_path / "one")
    monkeypatch.setattr(module, "_PARALLEL_ROWS", 1)
    two = tokenise(splits, tiny_base, config, tmp_path / "two")
    assert two.sha256 == one.sha256
    assert two.model_copy(update={"path": one.path}) == one
    assert listed(two) == listed(one)
    for side in ("train", "validation"):
        assert read(two, side).to_list() == read(one, side).to_list()
    assert one.not_whole["cut"] > 2


def test_an_error_in_another_process_arrives_with_its_row(
    splits_of, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_PARALLEL_ROWS", 1)
    monkeypatch.setattr(module.hardware, "processors", lambda: 2)
    config = Rendering(max_length_tokens=128, too_long="raise")
    with pytest.raises(PeftlineError, match=r"rows\.jsonl, row 3"):
        tokenise(splits_of([10, 10, 300, 10]), tiny_base, config, tmp_path)


def test_rows_are_mapped_from_disk_and_nothing_else_is_left(splits_of, tiny_base, tmp_path):
    tokenised = tokenise(splits_of([10, 300]), tiny_base, Rendering(), tmp_path)
    rows = read(tokenised, "train")
    assert [file["filename"] for file in rows.cache_files] == [
        str(tokenised.path / "train" / "rows-00000.arrow")
    ]
    names = {path.name for path in tokenised.path.iterdir()}
    assert names == {"train", "validation", LISTED, "manifest.json"}


def test_the_hash_is_of_ids_and_labels(splits_of, tiny_base, tmp_path, monkeypatch):
    splits = splits_of([10, 20])
    first = tokenise(splits, tiny_base, Rendering(), tmp_path / "a").sha256
    assert tokenise(splits, tiny_base, Rendering(), tmp_path / "b").sha256 == first
    of_lines = module.rows.of_lines

    def masked(*arguments):
        columns = of_lines(*arguments)
        columns["labels"][0][-2] = IGNORED
        return columns

    monkeypatch.setattr(module.rows, "of_lines", masked)
    assert tokenise(splits, tiny_base, Rendering(), tmp_path / "c").sha256 != first


def test_the_alpaca_format_supervises_the_end_of_sequence(
    splits_of, tiny_base, tiny_tokenizer, tmp_path
):
    tokenised = tokenise(splits_of([10]), tiny_base, Rendering(format="alpaca"), tmp_path)
    row = read(tokenised, "train")[0]
    assert row["labels"][-1] == tiny_tokenizer.eos_token_id
    assert "### Response:" in tiny_tokenizer.decode(row["input_ids"])
    assert "### Response:" in tokenised.chat_template


@pytest.fixture
def written(monkeypatch):
    """How often rows have been written."""
    calls = []
    write = module._store
    monkeypatch.setattr(module, "_store", lambda *a: calls.append(1) or write(*a))
    return calls


def test_equal_inputs_are_tokenised_once(splits_of, tiny_base, tmp_path, written):
    splits = splits_of([10, 20])
    first = tokenise(splits, tiny_base, Rendering(), tmp_path)
    moved = splits.model_copy(update={"path": tmp_path / "elsewhere" / splits.path.name})
    assert tokenise(moved, tiny_base, Rendering(), tmp_path) == first
    assert len(written) == 1


def test_rows_of_another_origin_are_tokenised_anew(splits_of, tiny_base, tmp_path, written):
    splits = splits_of([10, 20])
    tokenise(splits, tiny_base, Rendering(), tmp_path)
    renamed = shutil.copytree(splits.path, tmp_path / "from-a-renamed-file")
    tokenise(splits.model_copy(update={"path": renamed}), tiny_base, Rendering(), tmp_path)
    assert len(written) == 2, "else origins in the list of dropped rows would be out of date"


CHANGES = {
    "format": {"format": "alpaca"},
    "limit": {"max_length_tokens": 500},
    "policy": {"too_long": "truncate_prompt"},
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_changed_setting_is_tokenised_anew(splits_of, tiny_base, tmp_path, written, changed):
    splits = splits_of([10, 20])
    first = tokenise(splits, tiny_base, Rendering(), tmp_path)
    other = tokenise(splits, tiny_base, Rendering(**CHANGES[changed]), tmp_path)
    assert len(written) == 2
    # the hash is of the tokens: equal tokens train equal adapters, whatever they came from
    assert (other.sha256 == first.sha256) is (changed != "format")


def test_changed_data_are_tokenised_anew(splits_of, tiny_base, tmp_path, written):
    first = tokenise(splits_of([10, 20]), tiny_base, Rendering(), tmp_path)
    other = splits_of([10, 21], sha256="other data")
    assert tokenise(other, tiny_base, Rendering(), tmp_path).sha256 != first.sha256
    assert len(written) == 2


@pytest.mark.parametrize("changed", ["template", "tokenizer"])
def test_a_changed_template_or_tokenizer_is_tokenised_anew(
    splits_of, tiny_base, own_tokenizer, tmp_path, written, changed
):
    splits, folder = splits_of([10, 20]), tmp_path / "changed"
    first = tokenise(splits, tiny_base, Rendering(), tmp_path)
    if changed == "template":
        own_tokenizer.chat_template = own_tokenizer.chat_template.replace("\n", " ")
    else:
        own_tokenizer.add_tokens(["xxxxx"])
    load_model(tiny_base).save_pretrained(folder)
    own_tokenizer.save_pretrained(folder)
    other = materialise(BaseModelSource(source=str(folder)), tmp_path)
    assert tokenise(splits, other, Rendering(), tmp_path).sha256 != first.sha256
    assert len(written) == 2


@pytest.mark.parametrize("package", ["rendering", "formats"])
def test_changed_code_is_tokenised_anew(
    splits_of, tiny_base, tmp_path, written, monkeypatch, package
):
    splits = splits_of([10, 20])
    tokenise(splits, tiny_base, Rendering(), tmp_path)
    of_files = store.sha256_of_files

    def edited(*paths):
        return of_files(*paths) + str(any(path.parent.name == package for path in paths))

    monkeypatch.setattr(store, "sha256_of_files", edited)
    tokenise(splits, tiny_base, Rendering(), tmp_path)
    assert len(written) == 2


def test_other_versions_of_the_libraries_are_tokenised_anew(
    splits_of, tiny_base, tmp_path, written, monkeypatch
):
    splits = splits_of([10, 20])
    tokenise(splits, tiny_base, Rendering(), tmp_path)
    monkeypatch.setattr(module.tokenizers, "__version__", "0.0")
    tokenise(splits, tiny_base, Rendering(), tmp_path)
    assert len(written) == 2


def test_a_line_is_found_by_its_place_in_the_file(tmp_path):
    file = tmp_path / "lines"
    file.write_bytes("é\n\nabc\nno end".encode())
    begins = module._line_begins(file)
    assert begins.dtype == numpy.int64
    assert begins.tolist() == [0, 3, 4, 8]


def test_a_tokenizer_is_the_one_of_the_base(tokenised, tiny_base):
    assert tokenised.chat_template == load_tokenizer(tiny_base).chat_template
    assert tokenised.base_sha256 == tiny_base.sha256
