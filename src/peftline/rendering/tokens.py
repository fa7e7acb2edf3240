"""Facts about a tokenizer that decide where an answer ends and how a text begins."""

from typing import TYPE_CHECKING

from jinja2 import TemplateError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE = "peftline"


def end_of_turn_id(tokenizer: "PreTrainedTokenizerBase", template: str | None = None) -> int | None:
    """The token with which the chat template ends an assistant's turn.

    It is found by rendering a turn and taking the first special token after its content; without a
    template, or one after the content, it is the tokenizer's end-of-sequence token.
    """
    template = template or tokenizer.chat_template
    if not template:
        return tokenizer.eos_token_id
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE}]
    try:
        text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
    except TemplateError:
        return tokenizer.eos_token_id
    after = text.rpartition(_PROBE)[2]
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    return next((i for i in ids if i in special), tokenizer.eos_token_id)


def special_tokens(tokenizer: "PreTrainedTokenizerBase") -> set[str]:
    """Texts that become special tokens wherever they stand."""
    added = tokenizer.added_tokens_decoder.values()
    return {token.content for token in added if token.special} | set(tokenizer.all_special_tokens)


def leading_bos(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The beginning-of-sequence token, if the tokenizer itself puts one before a text."""
    ids = tokenizer("a")["input_ids"]
    bos = tokenizer.bos_token_id
    return [bos] if bos is not None and ids[:1] == [bos] else []


def can_be_cut(tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether tokens of two parts of a text are the text; some put a space before every part."""
    one, two, both = tokenizer(["a", "b", "ab"], add_special_tokens=False)["input_ids"]
    return tokenizer.decode(one + two) == tokenizer.decode(both)
