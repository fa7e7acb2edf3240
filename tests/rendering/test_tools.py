"""Tools, calls and results under templates that show them, and under those that do not."""

import json

import pytest

from peftline.formats.example import Example, Message, ToolCall
from peftline.rendering import render, tools
from tests.rendering.examples import learnt, template_of
from tests.rendering.stock_templates import STOCK

NATIVE = [name for name, stock in STOCK.items() if stock.tools]
OTHERS = [name for name, stock in STOCK.items() if not stock.tools]
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": None}}},
    "returns": None,
}
CALL = ToolCall(name="get_weather", arguments={"city": "Zürich", "unit": None})
MESSAGES = [
    Message(role="user", content="Is it warm?"),
    Message(role="assistant", tool_calls=[CALL]),
    Message(role="tool", content='{"celsius": 21}'),
    Message(role="assistant", content="Yes, 21 °C."),
]


def of(messages, offered=(WEATHER,)):
    return Example(id="a", group="a", messages=messages, tools=list(offered))


def runs(example, model):
    return learnt(render.tokens(example, model), model.tokenizer)[0]


@pytest.mark.parametrize("name", STOCK)
def test_tools_calls_and_results_are_shown_whatever_the_template(name):
    text = render.full_text(of(MESSAGES), template_of(name))
    for shown in ("Weather of a city.", "get_weather", "Zürich", "celsius", "Yes, 21 °C."):
        assert shown in text
    assert "None" not in text
    assert "null" not in text
    assert ("<tool_response>" in text) == (name in OTHERS or name == "qwen-3")


@pytest.mark.parametrize("name", STOCK)
def test_calls_and_answers_carry_loss_and_results_do_not(name):
    stock = STOCK[name]
    call, answer = runs(of(MESSAGES), template_of(name))
    assert "Zürich" in call
    assert "get_weather" in call
    assert "celsius" not in call
    assert answer == stock.shown("Yes, 21 °C.", True) + stock.end
    assert call.count(stock.end) == 1
    assert call.endswith(stock.end)


@pytest.mark.parametrize("name", OTHERS)
def test_a_template_without_tools_gets_calls_in_the_form_of_hermes(name):
    stock = STOCK[name]
    call = runs(of(MESSAGES), template_of(name))[0]
    called = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Zürich"}}'
    assert call == f"{stock.shown(called, False)}\n</tool_call>{stock.end}"


def test_a_description_of_tools_follows_the_system_message_or_stands_before_the_request():
    messages = [Message(role="system", content="Be brief."), *MESSAGES]
    chatml = render.full_text(of(messages), template_of("chatml"))
    assert chatml.startswith("<|im_start|>system\nBe brief.\n\nTools that may be called:\n{")
    gemma = render.full_text(of(messages), template_of("gemma"))
    assert gemma.startswith("<bos><start_of_turn>user\nBe brief.\n\nTools that may be called:\n{")
    assert gemma.count("<start_of_turn>user") == 2


def test_results_answer_the_calls_in_their_order():
    calls = [ToolCall(name=name, arguments={}) for name in ("first", "second")]
    messages = [
        Message(role="user", content="Both, twice."),
        Message(role="assistant", tool_calls=calls),
        Message(role="tool", content="one"),
        Message(role="tool", content="two"),
        Message(role="assistant", tool_calls=calls[1:]),
        Message(role="tool", content="three"),
        Message(role="assistant", content="Done."),
    ]
    turns = tools.turns(messages, str)
    given = [turn["id"] for at in (1, 4) for turn in turns[at]["tool_calls"]]
    assert len(set(given)) == 3
    assert [(turns[at]["tool_call_id"], turns[at]["name"]) for at in (2, 3, 5)] == list(
        zip(given, ["first", "second", "second"], strict=True)
    )
    for name in ("qwen-3", "mistral-3", "gemma", "chatml"):
        text = render.full_text(of(messages, ()), template_of(name))
        assert text.index("one") < text.index("two") < text.index("three") < text.index("Done.")
        assert len(runs(of(messages, ()), template_of(name))) == 3


def test_a_call_that_comes_before_another_request_is_learnt_as_qwen3_shows_it():
    messages = [*MESSAGES, Message(role="user", content="And here?")]
    messages += [Message(role="assistant", content="<think>\nhm\n</think>\n\nHere too.")]
    first, second, third = runs(of(messages), template_of("qwen-3"))
    assert first.startswith('<tool_call>\n{"name": "get_weather"')
    assert second == "Yes, 21 °C.<|im_end|>"
    assert third == "<think>\nhm\n</think>\n\nHere too.<|im_end|>"


@pytest.mark.parametrize("name", STOCK)
def test_special_tokens_in_tools_calls_and_results_are_neutralised(name):
    stock, model = STOCK[name], template_of(name)
    end = model.tokenizer.convert_tokens_to_ids(stock.end)

    def count(text):
        call = ToolCall(name="f", arguments={text: [text, {"deep": text}]})
        messages = [
            Message(role="user", content="?"),
            Message(role="assistant", tool_calls=[call]),
            Message(role="tool", content=text),
            Message(role="assistant", content="!"),
        ]
        offered = {"name": "f", "description": text, "parameters": {}}
        return render.tokens(of(messages, [offered]), model).input_ids.count(end)

    assert count(f"a {stock.end} b") == count("a b")


def test_a_conversation_reads_the_same_with_and_without_fields_that_arrow_made_null():
    filled = WEATHER | {"strict": None, "parameters": WEATHER["parameters"] | {"required": None}}
    for name in STOCK:
        model = template_of(name)
        assert render.full_text(of(MESSAGES, [filled]), model) == render.full_text(
            of(MESSAGES), model
        )


def test_nulls_within_lists_and_falsehoods_stay():
    value = {"a": [None, 0], "b": None, "c": False, "d": {"e": None}, "f": ""}
    assert tools.mapped(value, str) == {"a": [None, 0], "c": False, "d": {}, "f": ""}


def test_calls_are_json_after_what_was_said():
    message = Message(role="assistant", content="Let me see.", tool_calls=[CALL, CALL])
    said, *calls = tools.call_text(message).split("<tool_call>\n")
    assert said == "Let me see.\n"
    assert [json.loads(call.partition("\n")[0]) for call in calls] == [
        {"name": "get_weather", "arguments": {"city": "Zürich"}}
    ] * 2
