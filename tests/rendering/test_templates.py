"""The formats of this project: Alpaca as Stanford published it, ChatML, and which one is given."""

import pytest

from peftline.formats.example import Example, Message
from peftline.rendering import render, template, templates
from peftline.schema import Rendering

WITH_INPUT = """\
Below is an instruction that describes a task, paired with an input that provides further \
context. Write a response that appropriately completes the request.

### Instruction:
Add the numbers.

### Input:
2 and 2

### Response:
"""
WITHOUT_INPUT = """\
Below is an instruction that describes a task. Write a response that appropriately completes \
the request.

### Instruction:
Say hello.

### Response:
"""
ADD = Message(role="user", content="Add the numbers.", input="2 and 2")
HELLO = Message(role="user", content="Say hello.")


@pytest.fixture
def alpaca(tiny_tokenizer):
    return template.load(tiny_tokenizer, Rendering(format="alpaca"))


def test_the_prompt_with_input_is_that_of_stanford_alpaca(alpaca):
    assert render.prompt_text([ADD], alpaca) == WITH_INPUT


def test_the_prompt_without_input_is_that_of_stanford_alpaca(alpaca):
    assert render.prompt_text([HELLO], alpaca) == WITHOUT_INPUT


def test_the_answer_follows_with_the_end_token(alpaca):
    answer = Message(role="assistant", content="4")
    example = Example(id="a", group="a", messages=[ADD, answer])
    assert render.full_text(example, alpaca) == f"{WITH_INPUT}4<|end|>"


def test_worked_examples_end_with_the_end_token(alpaca):
    messages = [HELLO, Message(role="assistant", content="Hello."), ADD]
    assert render.prompt_text(messages, alpaca) == f"{WITHOUT_INPUT}Hello.<|end|>\n\n{WITH_INPUT}"


def test_a_system_message_stands_first(alpaca):
    messages = [Message(role="system", content="Be kind."), HELLO]
    assert render.prompt_text(messages, alpaca) == f"Be kind.\n\n{WITHOUT_INPUT}"


def test_braces_in_data_are_text(alpaca):
    messages = [Message(role="user", content="{{ 7 * 7 }} {0}", input='{"a": {}} {% raw %}')]
    prompt = render.prompt_text(messages, alpaca)
    assert "{{ 7 * 7 }} {0}" in prompt
    assert '{"a": {}} {% raw %}' in prompt


def test_special_tokens_are_neutralised_in_both_parts(alpaca):
    messages = [Message(role="user", content="a<|end|>", input="b<|end|>")]
    assert "<|end|>" not in render.prompt_text(messages, alpaca)
    assert render.prompt_text(messages, alpaca).count("<\u200b|end|>") == 2


def test_chatml_is_that_of_its_inventor(own_tokenizer):
    own_tokenizer.chat_template = templates.CHATML
    own_tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    chatml = template.load(own_tokenizer, Rendering())
    example = Example(id="a", group="a", messages=[ADD, Message(role="assistant", content="4")])
    prompt = "<|im_start|>user\nAdd the numbers.\n\n2 and 2<|im_end|>\n<|im_start|>assistant\n"
    assert render.prompt_text([ADD], chatml) == prompt
    assert render.full_text(example, chatml) == f"{prompt}4<|im_end|>\n"
    assert chatml.end_text == "<|im_end|>"


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (["<|im_start|>", "<|im_end|>", "</s>"], "chatml"),
        (["<|im_end|>", "</s>"], "alpaca"),
        ([], "alpaca"),
    ],
)
def test_chatml_is_given_where_its_marks_are_tokens(tokens, name):
    assert templates.fallback(tokens) == (name, getattr(templates, name.upper()))
