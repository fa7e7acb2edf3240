"""Prompt formats of this project, as chat templates: saved with a model, they go where it goes.

ChatML is OpenAI's format of 2023; the Alpaca prompt is that of Taori et al. 2023.
"""

from collections.abc import Iterable

CHATML = (
    "{% for message in messages %}"
    r"{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Earlier answers (of worked examples) stand in full, each with its end token and an empty line.
ALPACA = (
    "{% for message in messages %}"
    "{% if message.role == 'assistant' %}"
    r"{{ message.content + eos_token + ('' if loop.last else '\n\n') }}"
    "{% elif message.role == 'system' %}"
    r"{{ message.content + '\n\n' }}"
    "{% else %}"
    "{{ 'Below is an instruction that describes a task' }}"
    "{% if message.input %}"
    "{{ ', paired with an input that provides further context' }}"
    "{% endif %}"
    r"{{ '. Write a response that appropriately completes the request.\n\n' }}"
    r"{{ '### Instruction:\n' + message.content + '\n\n' }}"
    r"{% if message.input %}{{ '### Input:\n' + message.input + '\n\n' }}{% endif %}"
    r"{{ '### Response:\n' }}"
    "{% endif %}"
    "{% endfor %}"
)


def fallback(added_tokens: Iterable[str]) -> tuple[str, str]:
    """Name and text of the format for a model that has none.

    ChatML where its two marks are tokens that the tokenizer never splits; otherwise Alpaca, which
    ends answers with the end-of-sequence token.
    """
    known = {"<|im_start|>", "<|im_end|>"} <= set(added_tokens)
    return ("chatml", CHATML) if known else ("alpaca", ALPACA)
