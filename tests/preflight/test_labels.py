"""What the check of the stored labels finds, and what it excuses."""

from types import SimpleNamespace

import datasets
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from peftline.labels import IGNORED
from peftline.preflight import labels
from peftline.rendering import template, token_rows

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


def row(name, asked="", said="", split="train"):
    turns = [
        {"role": "user", "content": f"Question {name}? {asked}"},
        {"role": "assistant", "content": f"Answer {name}. {said}"},
    ]
    return {"messages": turns, "id": str(name), "split": split}


@pytest.fixture(scope="module")
def checked(prepared, own_template):
    """Cut long rows by a policy, break the labels of some rows, and look at what was stored."""

    def check(policy, broken=None, given=ROWS):
        settings = {"max_length_tokens": 130, "too_long": policy}
        made = prepared(given, rendering=settings, near_duplicates="keep")
        rows = token_rows.open_side(made.tokenised.path, "train").to_list()
        for row in rows:
            for at in (broken or {}).get(row["id"], ()):
                learnt = [i for i, label in enumerate(row["labels"]) if label != IGNORED]
                ends = [i for i in learnt if i + 1 not in learnt]
                row["labels"][ends[at]] = IGNORED
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(token_rows, "open_side", lambda *_: datasets.Dataset.from_list(rows))
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


def test_many_cut_prompts_excuse_no_end(checked):
    rows = [row(at, asked=LONG if at < 44 else "") for at in range(80)]
    rows = [row("test", split="test"), row("validation", split="validation"), *rows]
    broken = [str(at) for at in range(50, 80)]
    found = checked("truncate_prompt", dict.fromkeys(broken, [-1]), rows)
    assert found.cut == {"cut": 44}
    assert found.unended == broken


def test_cut_answers_of_validation_excuse_no_end_in_training(checked):
    rows = [row("test", split="test"), *(row(at) for at in range(8))]
    rows += [row(f"v{at}", said=LONG, split="validation") for at in range(6)]
    found = checked("truncate_answer", {"3": [-1]}, rows)
    assert found.cut == {"cut": 6}
    assert found.unended == ["3"]


def test_rows_without_the_bos_that_the_tokenizer_puts_first_are_counted(prepared, own_tokenizer):
    own_tokenizer.add_special_tokens({"bos_token": "<|bos|>"})
    own_tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|bos|> $A", special_tokens=[("<|bos|>", own_tokenizer.bos_token_id)]
    )
    made = prepared(ROWS, near_duplicates="keep")
    found = labels.check(made.tokenised, template.load(own_tokenizer, made.rendering))
    assert found["expects_bos"]
    assert found["leading_bos"] == {0: made.tokenised.train}


def sentencepiece(decoder):
    """A tokenizer whose words begin with their space; it writes rare characters as bytes."""
    pieces = ["▁", "a", "b", "▁a", "▁b", *(f"<0x{byte:02X}>" for byte in range(256))]
    core = Tokenizer(
        models.BPE(
            {piece: at for at, piece in enumerate(pieces)},
            merges=[("▁", "a"), ("▁", "b")],
            byte_fallback=True,
        )
    )
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    core.decoder = decoder
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>")


LLAMA = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1)]
)


@pytest.mark.parametrize(
    ("decoder", "text", "expected"),
    [
        (decoders.Metaspace(), "a b ab", ["a", " b", " a", "b"]),
        (LLAMA, "a b ab", ["a", " b", " a", "b"]),
        (LLAMA, "a 🙂 b é🙂", ["a", " ", "🙂", " b", " ", "é", "🙂"]),
        (LLAMA, "a</s> b", ["a", "</s>", " b"]),
    ],
)
def test_spaces_between_words_are_shown(decoder, text, expected):
    tokenizer = sentencepiece(decoder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    shown = [piece["text"] for piece in labels.pieces(ids, ids, tokenizer)]
    assert "".join(shown) == tokenizer.decode(ids)
    assert shown == expected


@pytest.mark.parametrize("learnt", [[True, False], [False, True]])
def test_a_character_of_which_half_is_learnt_is_shown_in_two_pieces(own_tokenizer, learnt):
    ids = own_tokenizer("é", add_special_tokens=False)["input_ids"]
    marked = [id_ if yes else IGNORED for id_, yes in zip(ids, learnt, strict=True)]
    assert [piece["loss"] for piece in labels.pieces(ids, marked, own_tokenizer)] == learnt
