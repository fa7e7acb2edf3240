"""From an example to the text that a model sees, and to tokens with labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.rendering import alpaca
from peftline.rendering.tokens import leading_bos
from peftline.schema import Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # a label that carries no loss (the convention of torch.nn.CrossEntropyLoss)


@dataclass(frozen=True)
class Tokens:
    """One training example: equally long lists of token ids and labels."""

    input_ids: list[int]
    labels: list[int]


def prompt_text(
    messages: list[Message], config: Rendering, tokenizer: "PreTrainedTokenizerBase"
) -> str:
    """The text after which a model answers.

    Raises:
        PeftlineError: the chat format is wanted and the tokenizer has no chat template.
    """
    if config.format == "alpaca":
        return alpaca.prompt(messages, tokenizer.eos_token)
    return _chat(messages, tokenizer, add_generation_prompt=True)


def full_text(example: Example, config: Rendering, tokenizer: "PreTrainedTokenizerBase") -> str:
    """Prompt and answer, with the token that ends the answer."""
    if config.format == "alpaca":
        return prompt_text(example.prompt, config, tokenizer) + example.answer + tokenizer.eos_token
    return _chat(example.messages, tokenizer, add_generation_prompt=False)


def tokens(
    example: Example, config: Rendering, tokenizer: "PreTrainedTokenizerBase", end_id: int
) -> Tokens:
    """Token ids, and labels that carry loss on the answer and the token that ends it.

    Labels follow character offsets of the rendered text, never a search for token ids, and never
    the padding id: the end token keeps its loss where it is also the padding token.

    Raises:
        PeftlineError: the template rewrites the prompt once an answer follows, so that no sound
            label can be given; the message shows where the texts part.
    """
    prompt = prompt_text(example.prompt, config, tokenizer)
    full = full_text(example, config, tokenizer)
    if not full.startswith(prompt):
        at = next((i for i, (a, b) in enumerate(zip(prompt, full, strict=False)) if a != b), 0)
        raise PeftlineError(
            f"example {example.id}: the chat template changes the prompt once an answer follows "
            f"(prompt: {prompt[at : at + 40]!r}, with answer: {full[at : at + 40]!r}). "
            "Set rendering.format=alpaca, or use a base model with a stable template."
        )
    encoded = tokenizer(full, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    begin = next((i for i, (start, _) in enumerate(offsets) if start >= len(prompt)), len(ids))
    after_answer = full.find(example.answer, len(prompt)) + len(example.answer)
    ends = (i for i in range(begin, len(ids)) if ids[i] == end_id and offsets[i][1] > after_answer)
    last = next(ends, len(ids) - 1)
    labels = [i if begin <= at <= last else IGNORED for at, i in enumerate(ids)]
    full_ids = with_bos(ids, tokenizer)
    return Tokens(full_ids, [IGNORED] * (len(full_ids) - len(ids)) + labels)


def _chat(
    messages: list[Message], tokenizer: "PreTrainedTokenizerBase", add_generation_prompt: bool
) -> str:
    if not tokenizer.chat_template:
        raise PeftlineError(
            "The base model has no chat template, so rendering.format=chat cannot be used. Set "
            "rendering.format=alpaca, or take an instruction-tuned model."
        )
    return tokenizer.apply_chat_template(
        [{"role": message.role, "content": message.text} for message in messages],
        tokenize=False,
        add_generation_prompt=add_generation_prompt,
    )


def with_bos(ids: list[int], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Put the beginning-of-sequence token first if the model expects one and it is not there."""
    bos = leading_bos(tokenizer)
    return ids if ids[: len(bos)] == bos else bos + ids
