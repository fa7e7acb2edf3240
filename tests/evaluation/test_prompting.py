"""A model is asked with the text that it was trained on."""

import pytest

from peftline.evaluation import generation, prompting
from peftline.formats.example import Message
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
