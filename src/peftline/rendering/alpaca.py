"""The plain prompt of Stanford Alpaca (Taori et al. 2023), for models without a chat template."""

from peftline.formats.example import Message

_WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
_WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes "
    "the request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"
)


def prompt(messages: list[Message], end_token: str) -> str:
    """Render turns up to the place where the answer begins.

    Earlier answers (of worked examples) stand in full, each with its end token and an empty line.
    """
    text = ""
    for message in messages:
        if message.role == "assistant":
            text += f"{message.content}{end_token}\n\n"
        elif message.input:
            text += _WITH_INPUT.format(instruction=message.content, input=message.input)
        else:
            text += _WITHOUT_INPUT.format(instruction=message.content)
    return text
