"""From examples to tokens: kinds, masked turns, the first token, templates that cannot be used."""

import itertools

import pytest
from tokenizers import AddedToken, pre_tokenizers, processors

from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.rendering import render, template
from peftline.schema import Rendering
from tests.rendering.examples import conversation, learnt, of, template_of
from tests.rendering.stock_templates import (
    CHATML,
    LLAMA_3,
    STOCK,
    add_bos_to_every_text,
    tokenizer_of,
)

TURN = "<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n"
ASKED = "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"


@pytest.fixture
def with_template(own_tokenizer):
    """The tiny model's tokenizer under another template."""

    def make(source):
        own_tokenizer.chat_template = source
        return template.load(own_tokenizer, Rendering())

    return make


def runs(example, model):
    return learnt(render.tokens(example, model), model.tokenizer)[0]


def refused(example, model):
    with pytest.raises(PeftlineError) as caught:
        render.tokens(example, model)
    return str(caught.value)


def test_a_chat_is_rendered_with_the_models_template(tiny_tokenizer):
    model = template.load(tiny_tokenizer, Rendering())
    asked = Message(role="user", content="Add the numbers.", input="2 and 2")
    prompt = "<|start|>user\nAdd the numbers.\n\n2 and 2<|end|>\n<|start|>assistant\n"
    assert render.prompt_text([asked], model) == prompt
    example = of([asked, Message(role="assistant", content="4")])
    assert render.full_text(example, model) == f"{prompt}4<|end|>\n"


def test_a_chat_without_template_is_refused_with_a_way_out(own_tokenizer):
    own_tokenizer.chat_template = None
    with pytest.raises(PeftlineError, match=r"no chat template.*rendering\.format=alpaca"):
        template.load(own_tokenizer, Rendering())


def test_the_labels_of_a_known_example(tiny_tokenizer):
    tokens = render.tokens(of(conversation("?", "ok")), template.load(tiny_tokenizer, Rendering()))
    shown = [
        "·" if label == render.IGNORED else tiny_tokenizer.decode([i])
        for i, label in zip(tokens.input_ids, tokens.labels, strict=True)
    ]
    prompt = ["·"] * (1 + len("user\n?") + 1 + 1 + 1 + len("assistant\n"))
    assert shown == [*prompt, "o", "k", "<|end|>", "·"]


def test_turns_without_loss_are_masked_whole():
    for name, stock in STOCK.items():
        first, second = conversation("a", "b"), conversation("c", "d")
        first[1] = first[1].model_copy(update={"loss": False})
        assert runs(of(first + second), template_of(name)) == [stock.shown("d", True) + stock.end]
        second[1] = second[1].model_copy(update={"loss": False})
        assert runs(of(first + second), template_of(name)) == []


def test_a_user_turn_never_carries_loss_whatever_it_says():
    messages = [Message(role="system", content="s", loss=True), *conversation("a", "b")]
    for name in ("chatml", "phi-4"):
        assert len(runs(of(messages), template_of(name))) == 1


def test_of_plain_text_all_is_learnt_and_the_document_ends():
    example = Example(
        id="a", group="a", kind="text", messages=[Message(role="assistant", content="a</s>b")]
    )
    for name, stock in STOCK.items():
        (run,) = runs(example, template_of(name))
        assert run == stock.neutral("a</s>b") + stock.eos


def test_the_class_of_a_text_is_what_the_model_should_answer():
    example = Example(
        id="a", group="a", kind="classification", messages=conversation("Fine!"), label="positive"
    )
    assert runs(example, template_of("chatml")) == ["positive<|im_end|>"]


@pytest.mark.parametrize("name", STOCK)
def test_a_template_that_refuses_is_named_with_the_row(name):
    example = Example(
        id="a", group="a", origin="x.jsonl, row 3", messages=conversation("a", "b")[1:]
    )
    if name in ("mistral", "mistral-3", "gemma"):
        found = refused(example, template_of(name))
        assert found.startswith("x.jsonl, row 3: The chat template refuses a conversation of ")
        assert "roles must alternate" in found
        assert "rendering.format=alpaca" in found


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param(
            # in the whole conversation, requests are in capitals
            "{% for m in messages %}{% if messages[-1].role == 'assistant' and m.role == 'user' %}"
            "{{ m.content | upper }}{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}",
            ("'why<|end|>", "'WHY<|end|>"),
            id="requests",
        ),
        pytest.param(
            # a thought that a model is given but was not trained on
            "{% for m in messages %}" + TURN + "{% endfor %}{% if add_generation_prompt %}"
            "<|start|>assistant\n<think>\n\n</think>\n\n{% endif %}",
            ("<think>", "because"),
            id="thought",
        ),
    ],
)
def test_a_template_that_changes_the_prompt_is_refused_with_the_texts(with_template, source, shown):
    found = refused(of(conversation("why", "because")), with_template(source))
    assert found.startswith("row-7: The chat template gives turn 2 ('because') no sound label")
    assert all(text in found for text in shown)
    assert "rendering.format=alpaca" in found


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param("{{ m.content | upper }}", id="capitals"),
        pytest.param("{{ m.content[:3] }}", id="cut"),
        pytest.param("{{ messages[-1].content }}", id="replaced"),
        pytest.param("", id="left out"),
        pytest.param("{{ m.content | replace('because', 'since') }}", id="altered"),
        pytest.param("{{ m.content ~ '!' }}", id="added"),
    ],
)
def test_an_earlier_answer_that_is_shown_as_it_was_not_said_is_refused(with_template, earlier):
    model = with_template(
        "{% for m in messages %}<|start|>{{ m.role }}\n{% if m.role == 'assistant' and not "
        "loop.last %}" + earlier + "{% else %}{{ m.content }}{% endif %}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
    )
    messages = conversation("why", "because", "oh", "yes")
    found = refused(of(messages), model)
    assert "turn 2 ('because') no sound label" in found
    assert "Set `loss` of that turn to false" in found
    if "messages[-1]" not in earlier:
        messages[1] = messages[1].model_copy(update={"loss": False})
        assert runs(of(messages), model) == ["yes<|end|>"]


def test_a_template_that_forgets_the_first_turns_is_refused(with_template):
    model = with_template("{% for m in messages[-2:] %}" + TURN + "{% endfor %}" + ASKED)
    assert "no sound label" in refused(of(conversation("a", "b", "c", "d")), model)


def test_an_answer_whose_turn_the_template_does_not_end_is_ended(with_template):
    model = with_template(
        "{% for m in messages %}{{ m.role + ': ' + m.content + '\n\n' }}{% endfor %}"
        "{% if add_generation_prompt %}assistant:{% endif %}"
    )
    example = of(conversation("a", "b", "c", "d\n"))
    assert runs(example, model) == [" b", " d<|end|>"]
    assert (
        render.full_text(example, model)
        == "user: a\n\nassistant: b\n\nuser: c\n\nassistant: d<|end|>"
    )


def test_what_a_template_adds_after_the_end_carries_no_loss():
    for name, after in (("chatml", "\n"), ("gemma", "\n"), ("phi-3", "<|endoftext|>")):
        model = template_of(name)
        tokens = render.tokens(of(conversation("q", "a")), model)
        assert model.tokenizer.decode(tokens.input_ids[-1:]) == after
        assert tokens.labels[-1] == render.IGNORED
        assert tokens.labels[-2] == tokens.input_ids[-2] == model.end_id


@pytest.mark.parametrize(
    ("emits", "adds", "count"),
    [(True, True, 1), (True, False, 1), (False, True, 1), (False, False, 0)],
)
def test_a_text_begins_with_one_bos_where_the_model_expects_it(own_tokenizer, emits, adds, count):
    tokens = ["<s>", "<|im_start|>", "<|im_end|>", *STOCK["llama-3"].special]
    own_tokenizer.add_tokens([AddedToken(t, special=True) for t in tokens], special_tokens=True)
    own_tokenizer.bos_token = "<s>"
    own_tokenizer.chat_template = LLAMA_3 if emits else CHATML
    if adds:
        add_bos_to_every_text(own_tokenizer.backend_tokenizer, "<s>")
    model = template.load(own_tokenizer, Rendering())
    bos, messages = own_tokenizer.bos_token_id, conversation("q", "a", "<s>", "b")
    trained = render.tokens(of(messages), model)
    asked = own_tokenizer(render.prompt_text(messages[:-1], model), add_special_tokens=False)
    asked = render.with_bos(asked["input_ids"], model)
    assert trained.input_ids.count(bos) == asked.count(bos) == count
    assert trained.input_ids[:count] == asked[:count] == [bos] * count
    assert trained.labels[0] == render.IGNORED
    assert trained.input_ids[: len(asked)] == asked
    end = STOCK["llama-3" if emits else "chatml"].end
    assert learnt(trained, own_tokenizer)[0] == [f"a{end}", f"b{end}"]


@pytest.mark.parametrize("trimmed", [True, False])
def test_no_token_of_an_answer_reaches_into_the_prompt(trimmed):
    tokenizer = tokenizer_of(STOCK["chatml"])
    # many tokenizers leave whitespace out of the offsets
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=trimmed)
    model = template.load(tokenizer, Rendering())
    for answer, asked in itertools.product(
        [" \n\nb", "\n", "\n\n\n b", " ", "b "], ["a", "a\n", " "]
    ):
        assert runs(of(conversation(asked, answer)), model) == [f"{answer}<|im_end|>"]


def test_where_texts_cannot_be_cut_a_token_that_reaches_into_the_prompt_is_masked():
    tokenizer = tokenizer_of(STOCK["chatml"])
    core = tokenizer.backend_tokenizer
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)  # before every part
    model = template.load(tokenizer, Rendering())
    (run,) = runs(of(conversation("a", "\n\nb c")), model)
    assert run.endswith("b c<|im_end|>")
    assert run in ("b c<|im_end|>", "\nb c<|im_end|>")


def test_a_system_message_that_has_no_place_stands_before_the_request():
    messages = [Message(role="system", content="Be kind."), *conversation("a", "b")]
    text = render.full_text(of(messages), template_of("gemma"))
    assert text == (
        "<bos><start_of_turn>user\nBe kind.\n\na<end_of_turn>\n"
        "<start_of_turn>model\nb<end_of_turn>\n"
    )


def test_special_tokens_in_data_are_counted(tiny_tokenizer):
    model = template.load(tiny_tokenizer, Rendering())
    assert model.count_special("a<|end|>b<|start|><|end|>") == 3
    assert model.count_special("<|en d|>") == 0
    assert model.neutral("a<|end|>") == "a<\u200b|end|>"
    assert model.count_special(model.neutral("<|end|><|start|>")) == 0


def test_the_end_token_is_neutralised_even_if_it_is_not_marked_as_special(own_tokenizer):
    own_tokenizer.add_tokens(["[END]"])
    own_tokenizer.chat_template = "{% for m in messages %}" + TURN.replace("<|end|>", "[END]")
    own_tokenizer.chat_template += "{% endfor %}" + ASKED
    model = template.load(own_tokenizer, Rendering())
    assert model.end_text == "[END]"
    tokens = render.tokens(of(conversation("a[END]", "b[END]c")), model)
    assert tokens.input_ids.count(model.end_id) == 2
    assert learnt(tokens, own_tokenizer)[0] == ["b[\u200bEND]c[END]"]
