"""What happens to rows over the limit; the limit is kept, and nothing is faked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftline.formats.example import Example, Message
from peftline.labels import IGNORED
from peftline.rendering import length, render, template
from peftline.schema import Rendering
from tests.rendering.examples import conversation, learnt, of, template_of
from tests.rendering.stock_templates import STOCK

WORDS = "one two three four five six seven eight nine ten " * 40


def fit(example, model, limit, policy):
    return length.fit(example, render.tokens(example, model), model, limit, policy)


def count(example, model):
    return len(render.tokens(example, model).input_ids)


@pytest.mark.parametrize("name", STOCK)
def test_a_shortened_prompt_keeps_template_answer_and_the_end_of_the_request(name):
    stock, model = STOCK[name], template_of(name)
    example = of(conversation("a", "b", WORDS + "What now?", "c"))
    tokens = fit(example, model, 80, "truncate_prompt")
    assert 70 <= len(tokens.input_ids) <= 80
    text = model.tokenizer.decode(tokens.input_ids)
    assert "… " in text
    assert "ten What now?" in text
    assert learnt(tokens, model.tokenizer)[0][-1] == stock.shown("c", True) + stock.end
    assert text.count(stock.end) == render.full_text(example, model).count(stock.end)


@given(
    limit=st.integers(16, 200),
    words=st.integers(1, 60),
    policy=st.sampled_from(["truncate_prompt", "truncate_answer"]),
)
def test_what_is_cut_never_has_more_tokens_than_the_limit_and_something_to_learn(
    limit, words, policy
):
    model = template_of("chatml")
    example = of(conversation("a word " * words, "an answer " * words))
    tokens = fit(example, model, limit, policy)
    if tokens is not None:
        assert len(tokens.input_ids) == len(tokens.labels) <= limit
        assert any(label != IGNORED for label in tokens.labels)
        if policy == "truncate_prompt":
            whole = render.tokens(example, model)
            assert [x for x in tokens.labels if x != IGNORED] == [
                x for x in whole.labels if x != IGNORED
            ]


def test_the_longest_text_of_the_prompt_is_shortened_and_no_other():
    model = template_of("chatml")
    messages = [Message(role="system", content="Be brief."), *conversation("Why? " * 9, WORDS)]
    messages += [
        Message(role="user", content=WORDS + "So?"),
        Message(role="assistant", content="B"),
    ]
    messages[2] = messages[2].model_copy(update={"content": "A"})
    text = model.tokenizer.decode(fit(of(messages), model, 150, "truncate_prompt").input_ids)
    assert "Be brief." in text
    assert "Why? " * 9 in text
    assert text.count("… ") == 1


def test_a_long_input_loses_its_beginning_and_the_instruction_stays(tiny_tokenizer):
    asked = Message(role="user", content="Summarise the text.", input=WORDS)
    example = of([asked, Message(role="assistant", content="Numbers.")])
    for format_ in ("chat", "alpaca"):
        model = template.load(tiny_tokenizer, Rendering(format=format_))
        text = tiny_tokenizer.decode(fit(example, model, 400, "truncate_prompt").input_ids)
        assert "Summarise the text.\n\n" in text
        assert "nine ten" in text
        assert "Numbers.<|end|>" in text
    assert "### Input:\n… " in text


@pytest.mark.parametrize(
    "example",
    [
        of(conversation("short", WORDS)),
        Example(
            id="a", group="a", kind="text", messages=[Message(role="assistant", content=WORDS)]
        ),
    ],
)
def test_where_the_prompt_is_not_what_is_long_nothing_can_be_done(example):
    assert fit(example, template_of("chatml"), 60, "truncate_prompt") is None


@pytest.mark.parametrize("name", STOCK)
def test_a_cut_answer_has_no_end_token(name):
    stock, model = STOCK[name], template_of(name)
    example = of(conversation("short", WORDS.strip()))
    tokens = fit(example, model, 60, "truncate_answer")
    assert len(tokens.input_ids) == 60
    assert model.end_id not in tokens.labels
    run = learnt(tokens, model.tokenizer)[0][-1]
    assert stock.shown(WORDS.strip(), True).startswith(run)
    assert tokens.input_ids == render.tokens(example, model).input_ids[:60]


def test_where_the_answer_is_cut_whole_nothing_is_left():
    assert fit(of(conversation(WORDS, "b")), template_of("chatml"), 60, "truncate_answer") is None


def test_dropping_keeps_nothing():
    assert fit(of(conversation(WORDS, "b")), template_of("chatml"), 60, "drop") is None
