"""What carries loss: the answer and the token that ends it, whatever the template and the text."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from tokenizers.processors import TemplateProcessing

from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.rendering import render
from peftline.rendering.tokens import end_of_turn_id
from peftline.schema import Rendering

CHAT, ALPACA = Rendering(format="chat"), Rendering(format="alpaca")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_3 = (
    "{{ bos_token }}{% for m in messages %}<|head|>{{ m['role'] }}<|/head|>\n\n{{ m['content'] }}"
    "<|eot|>{% endfor %}{% if add_generation_prompt %}<|head|>assistant<|/head|>\n\n{% endif %}"
)
ENDS_WITH_EOS = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST]{{ m['content'] }}[/INST]"
    "{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
TEMPLATES = {
    "chatml": (CHATML, "<|im_end|>"),
    "llama-3": (LLAMA_3, "<|eot|>"),
    "eos": (ENDS_WITH_EOS, "<|end|>"),
}
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|head|>", "<|/head|>", "<|eot|>", "<|bos|>"]
# What trips tokenisers: spaces at the ends, line ends, several bytes a character, joined emoji.
TEXTS = st.text(min_size=1, max_size=40) | st.sampled_from(
    [
        " x",
        "x ",
        "\n",
        "\n\nx\n",
        "👩‍👩‍👧‍👦",
        "é",
        "e\u0301",
        "\u2028",
        "\t\x00",
        "ﬁ",
        "日本語 ",
        "{{ x }}",
        "</s>",
    ]
)
PROPERTY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def with_template(tokenizer, template):
    tokenizer.add_tokens([AddedToken(t, special=True) for t in SPECIAL], special_tokens=True)
    tokenizer.bos_token = "<|bos|>"
    tokenizer.chat_template = template
    return tokenizer


def add_bos_to_every_text(tokenizer):
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|bos|> $A", special_tokens=[("<|bos|>", tokenizer.bos_token_id)]
    )


def question(text, answer, given_input=""):
    messages = [
        Message(role="user", content=text, input=given_input),
        Message(role="assistant", content=answer),
    ]
    return Example(id="row-7", group="g", messages=messages)


def supervised(tokens):
    pairs = zip(tokens.input_ids, tokens.labels, strict=True)
    assert all(label in (i, render.IGNORED) for i, label in pairs)
    return [label for label in tokens.labels if label != render.IGNORED]


def test_a_chat_is_rendered_with_the_models_template(tiny_tokenizer):
    sums = question("Add the numbers.", "4", "2 and 2")
    prompt = "<|start|>user\nAdd the numbers.\n\n2 and 2<|end|>\n<|start|>assistant\n"
    assert render.prompt_text(sums.prompt, CHAT, tiny_tokenizer) == prompt
    assert render.full_text(sums, CHAT, tiny_tokenizer) == f"{prompt}4<|end|>\n"


def test_an_alpaca_prompt_is_rendered_without_a_template(own_tokenizer):
    own_tokenizer.chat_template = None
    sums = question("Add the numbers.", "4", "2 and 2")
    prompt = render.prompt_text(sums.prompt, ALPACA, own_tokenizer)
    assert prompt.endswith("### Input:\n2 and 2\n\n### Response:\n")
    assert render.full_text(sums, ALPACA, own_tokenizer) == f"{prompt}4<|end|>"


def test_a_chat_without_template_is_refused_with_a_way_out(own_tokenizer):
    own_tokenizer.chat_template = None
    with pytest.raises(PeftlineError, match=r"no chat template.*rendering\.format=alpaca"):
        render.prompt_text(question("a", "b").prompt, CHAT, own_tokenizer)


def test_the_labels_of_a_known_example(tiny_tokenizer):
    tokens = render.tokens(question("?", "ok"), CHAT, tiny_tokenizer, tiny_tokenizer.eos_token_id)
    shown = [
        "·" if label == render.IGNORED else tiny_tokenizer.decode([i])
        for i, label in zip(tokens.input_ids, tokens.labels, strict=True)
    ]
    prompt = ["·"] * (1 + len("user\n?") + 1 + 1 + 1 + len("assistant\n"))
    assert shown == [*prompt, "o", "k", "<|end|>", "·"]


@PROPERTY
@given(text=TEXTS, answer=TEXTS)
@example(text=" leading", answer=" leading")
@example(text="same", answer="same")
@example(text="a<|end|>b", answer="b")
@example(text="the answer ends <|end|> early", answer="the answer ends <|end|> early")
def test_exactly_the_answer_and_its_end_carry_loss(tiny_tokenizer, text, answer):
    end = tiny_tokenizer.eos_token_id
    assert end == tiny_tokenizer.pad_token_id, "the tiny model keeps the classic trap in sight"
    for config in (CHAT, ALPACA):
        found = supervised(render.tokens(question(text, answer), config, tiny_tokenizer, end))
        assert tiny_tokenizer.decode(found) == f"{answer}<|end|>"
        assert found[-1] == end


@pytest.mark.parametrize("name", TEMPLATES)
@PROPERTY
@given(text=TEXTS, answer=TEXTS)
def test_exactly_the_answer_carries_loss_under_other_templates(tiny_base, name, text, answer):
    tokenizer, end = prepared(tiny_base, name)
    tokens = render.tokens(question(text, answer), CHAT, tokenizer, end)
    found = supervised(tokens)
    assert tokenizer.decode(found) == answer + TEMPLATES[name][1]
    assert found[-1] == end == tokenizer.convert_tokens_to_ids(TEMPLATES[name][1])


_PREPARED = {}


def prepared(base, name):
    from peftline.base_model.loading import load_tokenizer

    if name not in _PREPARED:
        tokenizer = with_template(load_tokenizer(base), TEMPLATES[name][0])
        _PREPARED[name] = tokenizer, end_of_turn_id(tokenizer)
    return _PREPARED[name]


def test_a_template_that_strips_answers_still_gives_the_end_its_loss(own_tokenizer):
    with_template(own_tokenizer, LLAMA_3.replace("m['content']", "m['content'] | trim"))
    end = end_of_turn_id(own_tokenizer)
    tokens = render.tokens(question("  q ", "  answer \n"), CHAT, own_tokenizer, end)
    assert own_tokenizer.decode(supervised(tokens)) == "answer<|eot|>"


def test_what_a_template_adds_after_the_end_carries_no_loss(own_tokenizer):
    with_template(own_tokenizer, CHATML)
    tokens = render.tokens(question("q", "a"), CHAT, own_tokenizer, end_of_turn_id(own_tokenizer))
    assert own_tokenizer.decode(tokens.input_ids[-1:]) == "\n"
    assert tokens.labels[-1] == render.IGNORED
    assert tokens.labels[-2] == tokens.input_ids[-2]


@pytest.mark.parametrize(
    "template",
    [
        # earlier turns are changed once an answer follows
        "{% for m in messages %}"
        "{% if messages[-1]['role'] == 'assistant' and m['role'] == 'user' %}"
        "{{ m['content'] | upper }}{% else %}{{ m['content'] }}{% endif %}<|end|>{% endfor %}",
        # the generation prompt has an empty thought that the full text has not
        "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant\n<think>\n\n</think>\n\n{% endif %}",
    ],
)
def test_a_template_that_rewrites_the_prompt_is_refused_with_the_texts(own_tokenizer, template):
    own_tokenizer.chat_template = template
    with pytest.raises(PeftlineError) as caught:
        render.tokens(question("why", "because"), CHAT, own_tokenizer, own_tokenizer.eos_token_id)
    assert "example row-7" in str(caught.value)
    assert "rendering.format=alpaca" in str(caught.value)


@pytest.mark.parametrize(
    ("template_emits", "tokenizer_adds", "count"),
    [(True, True, 1), (True, False, 1), (False, True, 1), (False, False, 0)],
)
def test_a_text_begins_with_one_bos_where_the_model_expects_it(
    own_tokenizer, template_emits, tokenizer_adds, count
):
    with_template(own_tokenizer, LLAMA_3 if template_emits else CHATML)
    if tokenizer_adds:
        add_bos_to_every_text(own_tokenizer)
    bos, sums = own_tokenizer.bos_token_id, question("q", "a")
    trained = render.tokens(sums, CHAT, own_tokenizer, end_of_turn_id(own_tokenizer))
    prompt = own_tokenizer(
        render.prompt_text(sums.prompt, CHAT, own_tokenizer), add_special_tokens=False
    )["input_ids"]
    generated = render.with_bos(prompt, own_tokenizer)
    assert trained.input_ids.count(bos) == generated.count(bos) == count
    assert trained.input_ids[:count] == generated[:count] == [bos] * count
    assert trained.labels[0] == render.IGNORED
    assert trained.input_ids[: len(generated)] == generated


def test_bos_shifts_ids_and_labels_together(own_tokenizer):
    with_template(own_tokenizer, CHATML)
    add_bos_to_every_text(own_tokenizer)
    tokens = render.tokens(question("q", "a"), CHAT, own_tokenizer, end_of_turn_id(own_tokenizer))
    assert own_tokenizer.decode(supervised(tokens)) == "a<|im_end|>"
