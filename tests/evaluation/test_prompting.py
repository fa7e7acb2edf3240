"""A model is asked with the text that it was trained on."""

from types import SimpleNamespace

import pytest
from transformers import LlamaConfig

from peftline.errors import PeftlineError
from peftline.evaluation import generation, prompting
from peftline.formats.example import Example, Message, ToolCall
from peftline.rendering import render, template
from peftline.schema import Rendering
from tests.rendering.examples import template_of
from tests.rendering.stock_templates import STOCK


@pytest.fixture
def given(monkeypatch):
    """What reaches generation: the token ids of every prompt."""
    seen = []

    def generate(model, tokenizer, prompts, max_new_tokens, batch_tokens, title=""):
        seen.append(prompts)
        return [generation.Answer("4", True)] * len(prompts)

    monkeypatch.setattr(generation, "generate", generate)
    return seen


@pytest.fixture(params=["chat", "alpaca"])
def model_template(request, tiny_tokenizer):
    return template.load(tiny_tokenizer, Rendering(format=request.param))


def asked(*texts):
    return [([Message(role="user", content=text)], []) for text in texts]


def shots(make_example):
    return [make_example("Add 1 and 1.", "2", "x"), make_example("Add 3 and 4.", "7", "y")]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_model_reads_the_rendered_prompt_whole(given, model_template, make_example, count):
    prompts, before = asked("Add 2 and 2.", "Same. Add."), shots(make_example)[:count]
    prompting.answer(None, model_template, prompts, 6, 100, before, "")
    messages = [message for shot in before for message in shot.messages]
    for one, (prompt, _) in zip(given[0], prompts, strict=True):
        text = model_template.tokenizer.decode(one)
        assert text == render.prompt_text(messages + prompt, model_template)
        assert all(shot.answer in text for shot in before)


@pytest.mark.parametrize("name", STOCK)
def test_the_tokens_are_those_of_the_whole_prompt(given, make_example, name):
    model, before = template_of(name), shots(make_example)
    prompts = asked("Add 2 and 2.", "Same. Add.")
    prompting.answer(None, model, prompts, 6, 100, before, "")
    messages = [message for shot in before for message in shot.messages]
    for one, (prompt, _) in zip(given[0], prompts, strict=True):
        text = render.prompt_text(messages + prompt, model)
        whole = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert one == render.with_bos(whole, model)


def test_shots_stand_after_the_system_message(given, make_example, model_template):
    prompts = [
        ([Message(role="system", content=text), Message(role="user", content="?")], [])
        for text in ("Be brief.", "Be long.")
    ]
    prompting.answer(None, model_template, prompts, 6, 100, shots(make_example), "")
    for one, system in zip(given[0], ("Be brief.", "Be long."), strict=True):
        text = model_template.tokenizer.decode(one)
        assert text.index(system) < text.index("Add 1 and 1.") < text.index("?")


def test_the_prompt_of_an_evaluation_is_that_of_training(given, make_example, model_template):
    example = make_example("Add 2 and 2.", "4")
    prompting.answer(None, model_template, [(example.prompt, [])], 6, 100, [], "")
    trained = render.tokens(example, model_template)
    (ids,) = given[0]
    assert ids == trained.input_ids[: len(ids)]
    assert set(trained.labels[: len(ids)]) == {render.IGNORED}
    assert trained.labels[len(ids)] != render.IGNORED


def test_a_given_answer_is_read_as_training_would(make_example, model_template):
    example = make_example("Add 2 and 2.", "4")
    (found,) = prompting.given_answers(example, [example.messages[-1]], model_template, [])
    assert found == render.tokens(example, model_template)


@pytest.mark.parametrize("name", STOCK)
def test_of_worked_examples_and_an_answer_the_answer_alone_is_labelled(name, make_example):
    model, before = template_of(name), shots(make_example)
    example = make_example("Add 2 and 2.", "4")
    said = [Message(role="assistant", content=text) for text in ("4", "five")]
    for answer, found in zip(
        said, prompting.given_answers(example, said, model, before), strict=True
    ):
        messages = [message for shot in before for message in shot.messages]
        text = render.prompt_text(messages + example.prompt, model)
        prompt = render.with_bos(model.tokenizer(text, add_special_tokens=False).input_ids, model)
        labelled = [label for label in found.labels if label != render.IGNORED]
        assert found.input_ids[: len(prompt)] == prompt
        assert found.labels[: len(prompt)] == [render.IGNORED] * len(prompt)
        assert labelled == found.input_ids[len(prompt) :][: len(labelled)]
        assert f"{answer.content}{model.end_text}" in model.tokenizer.decode(labelled)


def test_an_answer_that_carries_no_loss_in_training_is_read_all_the_same(
    make_example, model_template
):
    example = make_example()
    silent = example.messages[-1].model_copy(update={"loss": False})
    (found,) = prompting.given_answers(example, [silent], model_template, [])
    assert found == render.tokens(example, model_template)


def with_tool(name, system, request, answer, **arguments):
    """A single exchange that calls a tool, or answers in words."""
    tool = {"name": name, "description": f"To {name}.", "parameters": {"type": "object"}}
    calls = [ToolCall(name=name, arguments=arguments)] if arguments else []
    return Example(
        id=request,
        group=request,
        messages=[
            Message(role="system", content=system),
            Message(role="user", content=request),
            Message(role="assistant", content=answer, tool_calls=calls),
        ],
        tools=[tool],
    )


def shown(question, shot, model):
    messages = prompting.after_shots(question.prompt, question.tools, [shot])
    return render.prompt_text(messages, model, question.tools)


WALK = with_tool("walk", "Be brief.", "Go home.", "", to="home")
SAME = with_tool("walk", "Be brief.", "Go out.", "", to="out")
OTHER = with_tool("sing", "Be loud.", "Sing.", "", song="la")


def test_what_a_worked_example_shares_with_the_question_stands_once_in_a_real_template():
    assert shown(WALK, SAME, template_of("qwen-3")) == (
        "<|im_start|>system\nBe brief.\n\n# Tools\n\n<tools>\n"
        '{"type": "function", "function": {"name": "walk", "description": "To walk.", '
        '"parameters": {"type": "object"}}}\n</tools><|im_end|>\n'
        "<|im_start|>user\nGo out.<|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "walk", "arguments": {"to": "out"}}\n'
        "</tool_call><|im_end|>\n"
        "<|im_start|>user\nGo home.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_what_a_worked_example_has_otherwise_stands_in_its_own_request():
    assert shown(WALK, OTHER, template_of("qwen-3")) == (
        "<|im_start|>system\nBe brief.\n\n# Tools\n\n<tools>\n"
        '{"type": "function", "function": {"name": "walk", "description": "To walk.", '
        '"parameters": {"type": "object"}}}\n</tools><|im_end|>\n'
        "<|im_start|>user\nBe loud.\n\nTools that may be called:\n"
        '{"name": "sing", "description": "To sing.", "parameters": {"type": "object"}}\n\n'
        "Sing.<|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "sing", "arguments": {"song": "la"}}\n'
        "</tool_call><|im_end|>\n"
        "<|im_start|>user\nGo home.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_without_tools_shows_them_in_words(tiny_tokenizer):
    model = template.load(tiny_tokenizer, Rendering())
    assert shown(WALK, OTHER, model) == (
        "<|start|>system\nBe brief.\n\nTools that may be called:\n"
        '{"name": "walk", "description": "To walk.", "parameters": {"type": "object"}}\n'
        'To call one, answer <tool_call>\n{"name": …, "arguments": {…}}\n</tool_call>'
        "<|end|>\n"
        "<|start|>user\nBe loud.\n\nTools that may be called:\n"
        '{"name": "sing", "description": "To sing.", "parameters": {"type": "object"}}\n\n'
        "Sing.<|end|>\n"
        '<|start|>assistant\n<tool_call>\n{"name": "sing", "arguments": {"song": "la"}}\n'
        "</tool_call><|end|>\n"
        "<|start|>user\nGo home.<|end|>\n<|start|>assistant\n"
    )


# Mistral's refuses a request after a call without a result.
@pytest.mark.parametrize("name", [name for name in STOCK if name != "mistral-3"])
def test_every_template_shows_question_and_worked_example_whole_and_the_question_last(name):
    text = shown(WALK, OTHER, template_of(name))
    for said in ("Be brief.", "To walk.", "Be loud.", "To sing.", "Sing.", "la", "Go home."):
        assert text.count(said) == 1, said
    assert max(map(text.rindex, ("Sing.", "Be loud.", '"la"'))) < text.rindex("Go home.")


def test_it_is_found_out_what_a_template_refuses(make_example):
    plain, mistral = make_example("Add 3 and 4.", "7"), template_of("mistral-3")
    assert prompting.refusal([WALK, plain], [SAME], template_of("qwen-3")) == ""
    assert prompting.refusal([WALK], [plain], mistral) == ""
    assert "roles must alternate" in prompting.refusal([plain, WALK], [SAME], mistral)


def test_a_class_is_the_answer_of_a_worked_example(make_example):
    model = template_of("chatml")
    shot = Example(
        id="a",
        group="a",
        kind="classification",
        label="good",
        messages=[Message(role="user", content="Fine.")],
    )
    text = shown(make_example("Bad."), shot, model)
    assert "Fine.<|im_end|>\n<|im_start|>assistant\ngood<|im_end|>" in text


def test_prompts_that_the_model_cannot_read_are_named_and_none_is_asked(given, model_template):
    model = SimpleNamespace(config=LlamaConfig(max_position_embeddings=200))
    prompts = asked("Short.", "Long. " * 50)
    fitting = len(prompting.token_ids(prompts[:1], model_template, [])[0])
    prompting.answer(model, model_template, prompts[:1], 200 - fitting, 100, [], "")
    assert len(given.pop()) == 1
    with pytest.raises(PeftlineError, match=r"1 of 1 prompts .* 201: prompt 1 \(201\)"):
        prompting.answer(model, model_template, prompts[:1], 201 - fitting, 100, [], "")
    with pytest.raises(PeftlineError, match=r"1 of 2 prompts .*: a long one \("):
        names = ["a short one", "a long one"]
        prompting.answer(model, model_template, prompts, 6, 100, [], "", names)
    assert not given
