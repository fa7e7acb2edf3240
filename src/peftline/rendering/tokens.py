"""Facts about a tokenizer that decide where an answer ends and how a text begins."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE = "peftline"


def end_of_turn_id(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """The token with which the chat template ends an assistant's turn.

    It is found by rendering a turn and taking the first special token after its content; without a
    template it is the tokenizer's end-of-sequence token.
    """
    if not tokenizer.chat_template:
        return tokenizer.eos_token_id
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE}]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    after = text.rsplit(_PROBE, 1)[-1]
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    return next((i for i in ids if i in special), tokenizer.eos_token_id)


def leading_bos(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The beginning-of-sequence token, if the tokenizer itself puts one before a text."""
    ids = tokenizer("a")["input_ids"]
    bos = tokenizer.bos_token_id
    return [bos] if bos is not None and ids[:1] == [bos] else []
