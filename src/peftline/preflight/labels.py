"""What carries loss: checked in the stored tokens, not in what was meant."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy

from peftline import jsonl
from peftline.handles import Tokenised
from peftline.labels import IGNORED
from peftline.rendering import token_rows
from peftline.rendering.rows import supervised_tokens
from peftline.rendering.template import Template
from peftline.rendering.tokenise import LISTED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CHECKED = 20_000  # rows; a fault of the template or the masks shows in the first
_SHOWN_TOKENS = 700
_EXAMPLES = 5


def check(tokenised: Tokenised, template: Template) -> dict[str, Any]:
    """Count, in training rows, what every row should have.

    Returns:
        `rows_checked`; `ends_without_loss`: ids of rows in which a learnt turn does not end with
        the end token, the end of a cut answer aside; `expects_bos`: whether the model wants a
        beginning-of-sequence token; `leading_bos`: how many rows begin with so many of them;
        `supervised_share` of all training tokens but the first of each row.
    """
    cut = _cut_answers(tokenised)
    bos = template.tokenizer.bos_token_id
    ends = {template.end_id, template.tokenizer.eos_token_id}  # plain text ends with the latter
    unended: list[str] = []
    leading: dict[int, int] = {}
    checked = 0
    predicted = tokenised.total_tokens - tokenised.train
    for row in _rows(tokenised):
        checked += 1
        labels = numpy.asarray(row["labels"])
        if not _ends(labels, ends, is_cut=row["id"] in cut):
            unended.append(row["id"])
        begins = _leading(row["input_ids"], bos)
        leading[begins] = leading.get(begins, 0) + 1
    return {
        "rows_checked": checked,
        "ends_without_loss": unended,
        "expects_bos": bool(template.leading_bos),
        "leading_bos": leading,
        "supervised_share": round(tokenised.supervised_tokens / max(1, predicted), 4),
    }


def _rows(tokenised: Tokenised) -> Iterator[dict[str, Any]]:
    rows = token_rows.open_side(tokenised.path, "train")
    return iter(rows.select(range(min(len(rows), _CHECKED))))


def _cut_answers(tokenised: Tokenised) -> set[str]:
    """Ids of rows whose end is missing; a prompt that was cut leaves the answer whole."""
    if tokenised.rendering["too_long"] != "truncate_answer":
        return set()
    listed = jsonl.read(tokenised.path / LISTED)
    cut = (row["id"] for row in listed if (row["side"], row["outcome"]) == ("train", "cut"))
    return set(islice(cut, _CHECKED))  # in the order of the rows, so none that is checked is missed


def _ends(labels: numpy.ndarray, ends: set[int], is_cut: bool) -> bool:
    """Whether every run of labels ends with an end token; one may go on where a row was cut."""
    learnt = labels != IGNORED
    last = learnt & ~numpy.append(learnt[1:], is_cut)
    return set(labels[last].tolist()) <= ends


def _leading(ids: list[int], bos: int | None) -> int:
    count = 0
    while count < len(ids) and ids[count] == bos:
        count += 1
    return count


def examples(tokenised: Tokenised, template: Template) -> list[dict[str, Any]]:
    """Some training rows token by token: the first ones and the longest.

    Each has its `id`, `length`, and `pieces` of `text`, `loss` and `special`.
    """
    rows = token_rows.open_side(tokenised.path, "train")
    longest = int(numpy.argmax(rows.data.column("length").to_numpy()))
    chosen = sorted({*range(min(_EXAMPLES - 1, len(rows))), longest})
    return [_example(rows[at], template) for at in chosen]


def _example(row: dict[str, Any], template: Template) -> dict[str, Any]:
    ids = row["input_ids"][:_SHOWN_TOKENS]
    labels = [IGNORED, *row["labels"][1:_SHOWN_TOKENS]]  # nothing predicts the first token
    return {
        "id": row["id"],
        "length": row["length"],
        "supervised": supervised_tokens(row["labels"]),
        "hidden": max(0, row["length"] - _SHOWN_TOKENS),
        "pieces": pieces(ids, labels, template.tokenizer),
    }


def pieces(
    ids: list[int], labels: list[int], tokenizer: "PreTrainedTokenizerBase"
) -> list[dict[str, Any]]:
    """Tokens as text; those that only together make a character are one piece."""
    special = set(tokenizer.all_special_ids) | {
        id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special
    }
    found: list[dict[str, Any]] = []
    before = begin = 0
    for at in range(len(ids)):
        text = _text_after(ids[before:begin], ids[begin : at + 1], tokenizer)
        broken = "\ufffd" in text and at - begin < 3 and at + 1 < len(ids)
        if broken and (labels[at] == IGNORED) == (labels[at + 1] == IGNORED):
            continue
        piece = {"text": text, "loss": labels[at] != IGNORED, "special": ids[at] in special}
        found.append(piece)
        before, begin = begin, at + 1
    return found


def _text_after(before: list[int], ids: list[int], tokenizer: "PreTrainedTokenizerBase") -> str:
    """What tokens add to those before them; SentencePiece takes the space from a text's first."""
    whole = tokenizer.decode(before + ids, clean_up_tokenization_spaces=False)
    return whole[len(tokenizer.decode(before, clean_up_tokenization_spaces=False)) :]
