from peftline.formats.example import Message
from peftline.rendering import alpaca

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


def test_the_prompt_with_input_is_that_of_stanford_alpaca():
    messages = [Message(role="user", content="Add the numbers.", input="2 and 2")]
    assert alpaca.prompt(messages, "</s>") == WITH_INPUT


def test_the_prompt_without_input_is_that_of_stanford_alpaca():
    assert alpaca.prompt([Message(role="user", content="Say hello.")], "</s>") == WITHOUT_INPUT


def test_worked_examples_end_with_the_end_token():
    messages = [
        Message(role="user", content="Say hello."),
        Message(role="assistant", content="Hello."),
        Message(role="user", content="Add the numbers.", input="2 and 2"),
    ]
    assert alpaca.prompt(messages, "</s>") == f"{WITHOUT_INPUT}Hello.</s>\n\n{WITH_INPUT}"


def test_braces_in_data_are_text():
    messages = [Message(role="user", content="{instruction} {0}", input='{"a": {}}')]
    prompt = alpaca.prompt(messages, "</s>")
    assert "{instruction} {0}" in prompt
    assert '{"a": {}}' in prompt
