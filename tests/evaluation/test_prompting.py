"""A model is asked with the text that it was trained on."""

import pytest
import torch

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.evaluation import generation, prompting
from peftline.formats.example import Message
from peftline.rendering import render, template
from peftline.schema import Rendering
from tests.rendering.examples import template_of
from tests.rendering.stock_templates import STOCK


@pytest.fixture
def given(monkeypatch):
    """What reaches generation: full token ids of every prompt, and the shared prefix."""
    seen = []

    def generate(model, tokenizer, prompts, max_new_tokens, batch_tokens, prefix=None, title=""):
        seen.append(([(prefix or []) + prompt for prompt in prompts], prefix or []))
        return ["4"] * len(prompts)

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
    ids, prefix = given[0]
    for one, (prompt, _) in zip(ids, prompts, strict=True):
        text = model_template.tokenizer.decode(one)
        assert text == render.prompt_text(messages + prompt, model_template)
        assert all(shot.answer in text for shot in before)
    assert (before[-1].answer in model_template.tokenizer.decode(prefix)) if before else not prefix


@pytest.mark.parametrize("name", STOCK)
def test_shots_are_computed_once_and_the_tokens_are_those_of_the_whole_prompt(
    given, make_example, name
):
    model, before = template_of(name), shots(make_example)
    prompts = asked("Add 2 and 2.", "Same. Add.")
    prompting.answer(None, model, prompts, 6, 100, before, "")
    ids, prefix = given[0]
    messages = [message for shot in before for message in shot.messages]
    for one, (prompt, _) in zip(ids, prompts, strict=True):
        text = render.prompt_text(messages + prompt, model)
        whole = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert one == render.with_bos(whole, model)
    assert model.tokenizer.decode(prefix).endswith("7")


def test_a_system_message_that_all_prompts_have_is_shared(given, make_example, model_template):
    system = Message(role="system", content="Be brief.")
    prompts = [([system, *messages], tools) for messages, tools in asked("Add 2.", "Same. Add.")]
    prompting.answer(None, model_template, prompts, 6, 100, shots(make_example), "")
    text = model_template.tokenizer.decode(given[0][1])
    assert "Be brief." in text
    assert text.endswith("7")


def test_system_messages_that_differ_are_read_whole(given, make_example, model_template):
    prompts = [
        ([Message(role="system", content=text), Message(role="user", content="?")], [])
        for text in ("Be brief.", "Be long.")
    ]
    prompting.answer(None, model_template, prompts, 6, 100, shots(make_example), "")
    ids, prefix = given[0]
    assert prefix == []
    for one, text in zip(ids, ("Be brief.", "Be long."), strict=True):
        assert text in model_template.tokenizer.decode(one)


def test_the_prompt_of_an_evaluation_is_that_of_training(given, make_example, model_template):
    example = make_example("Add 2 and 2.", "4")
    prompting.answer(None, model_template, [(example.prompt, [])], 6, 100, [], "")
    trained = render.tokens(example, model_template)
    ((ids,), _) = given[0]
    assert ids == trained.input_ids[: len(ids)]
    assert set(trained.labels[: len(ids)]) == {render.IGNORED}
    assert trained.labels[len(ids)] != render.IGNORED


@pytest.mark.parametrize("format_", ["chat", "alpaca"])
def test_shots_through_a_shared_cache_change_no_answer(loud_base, make_example, format_):
    tokenizer = load_tokenizer(loud_base)
    model, rendering = load_model(loud_base, torch.float32), Rendering(format=format_)
    model_template = template.load(tokenizer, rendering)
    before, prompts = shots(make_example), asked("Add 2 and 2.", "Add 30 and 4.")
    cached = prompting.answer(model, model_template, prompts, 6, 10**6, before, "")
    messages = [message for shot in before for message in shot.messages]
    whole = [
        tokenizer(render.prompt_text(messages + prompt, model_template))["input_ids"]
        for prompt, _ in prompts
    ]
    assert cached == generation.generate(model, tokenizer, whole, 6, 10**6)
