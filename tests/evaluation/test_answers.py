import pytest
import torch

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.errors import PeftlineError
from peftline.evaluation import answers, generation
from peftline.formats.example import Message
from peftline.quantization import NF4
from peftline.rendering import render
from peftline.schema import Evaluation, Rendering

EVALUATION = Evaluation(max_new_tokens=6, few_shot=2)


@pytest.fixture
def given(monkeypatch):
    """What reaches generation: full token ids of every prompt, prefix included."""
    seen = []

    def generate(model, tokenizer, prompts, max_new_tokens, batch_tokens, prefix=None, title=""):
        seen.append([(prefix or []) + prompt for prompt in prompts])
        return ["4"] * len(prompts)

    monkeypatch.setattr(generation, "generate", generate)
    return seen


@pytest.fixture(params=["chat", "alpaca"])
def format(request):  # noqa: A001
    return Rendering(format=request.param)


def shots(make_example):
    return [make_example("Add 1 and 1.", "2", "x"), make_example("Add 3 and 4.", "7", "y")]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_model_reads_the_rendered_prompt_whole(
    given, tiny_tokenizer, make_example, format, count
):
    prompts = [[Message(role="user", content=text)] for text in ("Add 2 and 2.", "Same. Add.")]
    before = shots(make_example)[:count]
    answers.answer(None, tiny_tokenizer, prompts, format, 6, 100, before, "")
    messages = [message for shot in before for message in shot.messages]
    for ids, prompt in zip(given[0], prompts, strict=True):
        text = tiny_tokenizer.decode(ids)
        assert text == render.prompt_text(messages + prompt, format, tiny_tokenizer)
        assert all(shot.answer in text for shot in before)


def test_the_prompt_of_an_evaluation_is_that_of_training(
    given, tiny_tokenizer, make_example, format
):
    example = make_example("Add 2 and 2.", "4")
    answers.answer(None, tiny_tokenizer, [example.prompt], format, 6, 100, [], "")
    trained = render.tokens(example, format, tiny_tokenizer, tiny_tokenizer.eos_token_id)
    prompt = [i for i, x in zip(trained.input_ids, trained.labels, strict=True) if x == -100]
    assert given[0][0] == prompt[: len(given[0][0])]
    assert trained.labels[len(given[0][0])] != -100


def test_shots_through_a_shared_cache_change_no_answer(loud_base, make_example, format):
    model, tokenizer = load_model(loud_base, torch.float32), load_tokenizer(loud_base)
    before = shots(make_example)
    prompts = [[Message(role="user", content=text)] for text in ("Add 2 and 2.", "Add 30 and 4.")]
    cached = answers.answer(model, tokenizer, prompts, format, 6, 10**6, before, "")
    messages = [message for shot in before for message in shot.messages]
    whole = [
        tokenizer(render.prompt_text(messages + prompt, format, tokenizer))["input_ids"]
        for prompt in prompts
    ]
    assert cached == generation.generate(model, tokenizer, whole, 6, 10**6)


def test_shots_are_of_training_short_and_differently_answered(make_example):
    train = [make_example(f"q{i}" + "x" * i, f"a{i % 3}", id=str(i)) for i in range(40)]
    chosen = answers.choose_shots(train, 3)
    assert len({shot.answer for shot in chosen}) == 3
    assert all(int(shot.id) < 20 for shot in chosen)
    assert answers.choose_shots(train[::-1], 3) == chosen
    assert answers.choose_shots(train, 0) == []
    assert len(answers.choose_shots(train, 10)) == 10


def test_the_base_is_scored_both_ways_once(loud_base, sum_splits, rendering, tmp_path, float32):
    rows, scores = answers.score_base(loud_base, sum_splits, rendering, EVALUATION, tmp_path)
    assert set(scores) == {"zero_shot", "few_shot"}
    for mode in scores:
        of_mode = [row for row in rows if row["mode"] == mode]
        assert len({row["id"] for row in of_mode}) == 6
        assert scores[mode]["exact_match"]["n"] == 6
    missing = loud_base.model_copy(update={"path": tmp_path / "nowhere"})
    again = answers.score_base(missing, sum_splits, rendering, EVALUATION, tmp_path)
    assert again == (rows, scores), "nothing is computed again, so the model is not opened"


def test_without_shots_the_base_is_scored_one_way(
    loud_base, sum_splits, rendering, tmp_path, float32
):
    settings = EVALUATION.model_copy(update={"few_shot": 0})
    _, scores = answers.score_base(loud_base, sum_splits, rendering, settings, tmp_path)
    assert set(scores) == {"zero_shot"}


def test_an_adapter_is_scored_on_every_test_example(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_adapter(
        loud_base, trained_lora.handle, sum_splits, rendering, EVALUATION
    )
    assert [row["reference"] for row in rows] == [str(i) for i in range(30, 36)]
    assert all(row["prompt"].startswith("Add ") for row in rows)
    hits = [row["prediction"].split() == row["reference"].split() for row in rows]
    assert scores["exact_match"]["value"] == pytest.approx(sum(hits) / 6, abs=1e-6)
    assert [row["scores"]["exact_match"] for row in rows] == hits


def test_an_adapter_can_be_scored_on_a_quantized_base(
    trained_lora, loud_base, sum_splits, rendering, float32
):
    rows, scores = answers.score_adapter(
        loud_base, trained_lora.handle, sum_splits, rendering, EVALUATION, NF4()
    )
    assert len(rows) == scores["exact_match"]["n"] == 6


def test_an_adapter_of_another_rendering_is_refused(trained_lora, loud_base, sum_splits):
    with pytest.raises(PeftlineError, match="another rendering"):
        answers.score_adapter(
            loud_base, trained_lora.handle, sum_splits, Rendering(format="alpaca"), EVALUATION
        )
