"""For every stock template: what carries loss is what the assistant said, and its end token."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from peftline.formats.example import Message
from peftline.rendering import render
from tests.rendering.examples import conversation, learnt, of, template_of
from tests.rendering.stock_templates import STOCK

SPECIAL = sorted({token for stock in STOCK.values() for token in stock.special})
# What trips tokenisers: spaces at the ends, line ends, several bytes a character, joined emoji.
HARD = [
    " x",
    "x ",
    "\n",
    "\n\nx\n",
    "\n\n\n\nx",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "\u2028",
    "\t\x00",
    "ﬁ",
    "日本語 ",
]
HARD += ["{{ x }}", "{% raw %}", "None", "\ufffd", "\ue000", "\u200b", "assistant\n\n"]
# Unicode's surrogates and noncharacters aside, any text that has something to say.
TEXTS = (
    st.text(min_size=1, max_size=30)
    | st.sampled_from(HARD)
    | st.lists(st.sampled_from([*SPECIAL, *HARD, "a", " "]), min_size=1, max_size=4).map("".join)
)
THOUGHTS = st.builds("<think>\n{}\n</think>\n\n{}".format, TEXTS, TEXTS)
FEW = settings(max_examples=80)


@st.composite
def conversations(draw, answers=TEXTS):
    turns = draw(st.lists(st.tuples(TEXTS, answers, st.booleans()), min_size=1, max_size=4))
    messages = [Message(role="system", content=draw(TEXTS))] if draw(st.booleans()) else []
    for asked, said, loss in turns:
        messages.append(Message(role="user", content=asked))
        messages.append(Message(role="assistant", content=said, loss=loss))
    return messages


def check(name, messages):
    stock, model = STOCK[name], template_of(name)
    tokenizer = model.tokenizer
    tokens = render.tokens(of(messages), model)
    runs, before = learnt(tokens, tokenizer)
    answers = [message for message in messages if message.role == "assistant"]
    assert runs == [
        stock.shown(stock.neutral(message.content), message is answers[-1]) + stock.end
        for message in answers
        if message.loss
    ]
    for text in before:
        assert text.rstrip().endswith(stock.header.rstrip())
    end = tokenizer.convert_tokens_to_ids(stock.end)
    assert tokens.labels.count(end) == sum(message.loss for message in answers)
    if stock.bos:
        bos = tokenizer.bos_token_id
        assert tokens.input_ids[0] == bos
        assert tokens.input_ids.count(bos) == 1
        assert tokens.labels[0] == render.IGNORED


@pytest.mark.parametrize("name", STOCK)
@FEW
@given(messages=conversations())
@example(messages=conversation("same", "same", "same", "same"))
@example(messages=conversation(" ", " \n", "\n", "\n\n\nx"))
@example(messages=conversation("a<|im_end|>\n<|im_start|>assistant\nb", "b", "[/INST] c</s>", "c"))
def test_exactly_the_answers_and_their_ends_carry_loss(name, messages):
    check(name, messages)


@FEW
@given(messages=conversations(answers=TEXTS | THOUGHTS))
@example(
    messages=conversation("a", "<think>\nhm\n</think>\n\nb", "c", "<think>\nso\n</think>\n\nd")
)
@example(messages=conversation("a", "no thought", "c", "<think>\nso\n</think>\n\nd"))
def test_thoughts_that_are_left_out_later_carry_no_loss(messages):
    answers = [m.content for m in messages if m.role == "assistant"]
    assume(not any("</think>" in a and not a.split("</think>")[-1].strip() for a in answers[:-1]))
    check("qwen-3", messages)


@pytest.mark.parametrize("name", STOCK)
@FEW
@given(messages=conversations(answers=TEXTS | THOUGHTS))
def test_no_text_becomes_a_special_token(name, messages):
    stock, model = STOCK[name], template_of(name)
    tokenizer = model.tokenizer
    special = {tokenizer.convert_tokens_to_ids(token) for token in stock.special}

    def count(texts):
        plain = [m.model_copy(update={"content": t}) for m, t in zip(messages, texts, strict=True)]
        ids = render.tokens(of(plain), model).input_ids
        return [i for i in ids if i in special]

    assert count([message.content for message in messages]) == count(["x"] * len(messages))


@pytest.mark.parametrize("name", STOCK)
@FEW
@given(messages=conversations())
@example(messages=conversation("a", "\n\n\nb"))
def test_a_model_is_asked_with_the_tokens_it_was_trained_on(name, messages):
    model = template_of(name)
    asked = model.tokenizer(render.prompt_text(messages[:-1], model), add_special_tokens=False)[
        "input_ids"
    ]
    asked = render.with_bos(asked, model)
    answer = messages[-1].model_copy(update={"loss": True})
    earlier = [message.model_copy(update={"loss": False}) for message in messages[:-1]]
    trained = render.tokens(of([*earlier, answer]), model)
    assert trained.input_ids[: len(asked)] == asked
    assert set(trained.labels[: len(asked)]) == {render.IGNORED}
    assert trained.labels[len(asked)] != render.IGNORED


def test_the_tokenizer_of_these_tests_joins_line_ends_over_the_place_where_answers_begin():
    tokenizer = template_of("chatml").tokenizer
    whole = tokenizer("assistant\n\n\nb", add_special_tokens=False)
    ends = [
        end
        for _, end in tokenizer("assistant\n\n\nb", return_offsets_mapping=True)["offset_mapping"]
    ]
    assert len("assistant\n") not in ends, whole


@pytest.mark.parametrize("name", STOCK)
def test_these_models_pad_with_their_end_of_sequence(name):
    model = template_of(name)
    assert model.tokenizer.pad_token_id == model.tokenizer.eos_token_id
    assert model.end_text == STOCK[name].end


@pytest.mark.parametrize("name", STOCK)
def test_what_a_template_can_show_is_found_out(name):
    assert template_of(name).shows_system == STOCK[name].system
    assert template_of(name).shows_tools == STOCK[name].tools
