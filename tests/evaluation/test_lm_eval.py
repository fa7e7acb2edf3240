"""Another program's scores of the same model on the same test split."""

import importlib.util

import pytest
import torch

from peftline.base_model.loading import load_tokenizer
from peftline.delivery.answering import open_trained
from peftline.errors import PeftlineError
from peftline.evaluation import answers, asking, lm_eval
from peftline.rendering import render
from peftline.rendering import template as templates
from peftline.schema import Evaluation


@pytest.fixture
def opened(trained_lora, loud_base, rendering):
    model = open_trained(trained_lora.handle, loud_base, torch.float32)
    return model, templates.load(load_tokenizer(loud_base), rendering)


@pytest.mark.parametrize("choices", [None, [*(str(at) for at in range(28, 40)), "no"]])
def test_multiple_choice_agrees_with_ours(choices, opened, sum_splits, tmp_path):
    pytest.importorskip("lm_eval")
    settings = Evaluation(metrics="multiple_choice", choices=choices)
    theirs = lm_eval.score_with_lm_eval(*opened, sum_splits, settings, tmp_path)
    _, ours = answers.answer_split(*opened, sum_splits, settings, [], "")
    assert theirs["acc"] == pytest.approx(ours["accuracy"]["value"], abs=1e-6)


def test_likelihoods_agree_with_ours(opened, sum_splits):
    """The harness counts the line end that closes a prompt as part of each answer, so likelihoods
    are compared between two answers to the same prompt."""
    pytest.importorskip("lm_eval")
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    model, template = opened
    examples, choices = answers.read_split(sum_splits, "test"), ["31", "no"]
    ours = asking.Asked(model, template, Evaluation(), [], "").of_choices(examples, choices)
    requests = [
        Instance(
            request_type="loglikelihood",
            doc={},
            arguments=(
                render.prompt_text(example.prompt, template),
                choice + template.end_text,
            ),
            idx=0,
        )
        for example in examples
        for choice in choices
    ]
    theirs = HFLM(pretrained=model, tokenizer=template.tokenizer).loglikelihood(requests)
    gaps = [theirs[at][0] - theirs[at + 1][0] for at in range(0, len(theirs), 2)]
    found = [one["31"].log_likelihood - one["no"].log_likelihood for one in ours]
    assert found == pytest.approx(gaps, abs=1e-3)
    assert len(set(found)) == len(found)


def test_exact_match_of_written_answers_agrees_with_ours(opened, sum_splits, tmp_path, monkeypatch):
    pytest.importorskip("lm_eval")
    settings = Evaluation(max_new_tokens=6, metrics="text")
    rows, _ = answers.answer_split(*opened, sum_splits, settings, [], "")
    said = {row["id"]: row["prediction"] for row in rows}
    # The model's own answers as references of every other example: half of them are right.
    right = {id_ for at, id_ in enumerate(said) if at % 2}
    split = answers.read_split(sum_splits, "test")
    claimed = [
        example.model_copy(
            update={
                "messages": [
                    *example.prompt,
                    example.messages[-1].model_copy(
                        update={"content": said[example.id] if example.id in right else "wrong"}
                    ),
                ]
            }
        )
        for example in split
    ]
    for module in (answers, lm_eval):
        monkeypatch.setattr(module, "read_split", lambda splits, side: claimed)
    theirs = lm_eval.score_with_lm_eval(*opened, sum_splits, settings, tmp_path)
    _, ours = answers.answer_split(*opened, sum_splits, settings, [], "")
    assert theirs == {"exact_match": pytest.approx(ours["exact_match"]["value"])}
    assert theirs["exact_match"] == pytest.approx(len(right) / len(said))


def test_without_the_harness_the_command_that_installs_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PeftlineError, match=r"pip install -e '.\[lm-eval\]'"):
        lm_eval.score_with_lm_eval(None, None, None, Evaluation(), tmp_path)
