"""An answer does not depend on what else is in its batch."""

import pytest
import torch

from peftline.evaluation import generation
from peftline.evaluation.batches import by_length
from peftline.evaluation.generation import generate

PROMPTS = [list(b"What is two and two?"), list(b"Hi"), list(b"A prompt of a middle length")]
NEW = 8
ALL = 10**6


@pytest.fixture
def model(tiny_model):
    """Weights so large that every token depends on all before it and on its position."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in tiny_model.named_parameters():
            if "norm" not in name:
                torch.nn.init.normal_(parameter, std=0.4)
    tiny_model.generation_config.eos_token_id = None
    return tiny_model


@pytest.fixture
def answer(model, tiny_tokenizer):
    def run(prompts, batch_tokens=ALL):
        said = generate(model, tiny_tokenizer, prompts, NEW, batch_tokens)
        return [one.text for one in said]

    return run


def plain(model, ids):
    """New token ids of a prompt alone, by repeated argmax without a cache."""
    ids = list(ids)
    start = len(ids)
    for _ in range(NEW):
        with torch.no_grad():
            ids.append(model(torch.tensor([ids])).logits[0, -1].argmax().item())
    return ids[start:]


def test_answers_differ_between_prompts_so_that_these_tests_can_fail(model):
    assert len({tuple(plain(model, prompt)) for prompt in PROMPTS}) == 3
    assert all(len(set(plain(model, prompt))) > NEW // 2 for prompt in PROMPTS)


def test_an_answer_is_the_repeated_argmax(model, tiny_tokenizer, answer):
    expected = [tiny_tokenizer.decode(plain(model, p), skip_special_tokens=True) for p in PROMPTS]
    assert [answer([prompt])[0] for prompt in PROMPTS] == expected


def test_answers_of_a_batch_are_those_of_each_prompt_alone(answer):
    assert answer(PROMPTS) == [answer([prompt])[0] for prompt in PROMPTS]


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0]])
@pytest.mark.parametrize("batch_tokens", [1, 70, ALL])
def test_answers_come_in_the_order_of_the_prompts(answer, order, batch_tokens):
    alone = [answer([prompt])[0] for prompt in PROMPTS]
    shuffled = [PROMPTS[i] for i in order]
    assert answer(shuffled, batch_tokens) == [alone[i] for i in order]


SHARED = list(b"Two worked examples stand here. ")


@pytest.mark.parametrize("batch_tokens", [1, ALL])
def test_prompts_that_begin_alike_are_answered_as_each_alone(model, answer, batch_tokens):
    prompts = [SHARED + prompt for prompt in PROMPTS]
    together = answer(prompts, batch_tokens)
    assert together == [answer([prompt])[0] for prompt in prompts]
    assert together != answer(PROMPTS, batch_tokens)


def test_what_all_prompts_begin_with_is_computed_once(model, answer):
    widths = []
    model.model.register_forward_hook(
        lambda module, inputs, names, output: widths.append(names["input_ids"].shape[-1]),
        with_kwargs=True,
    )
    answer([SHARED + prompt for prompt in PROMPTS], 1)
    assert widths[0] == len(SHARED)
    assert max(widths[1:]) == max(len(prompt) for prompt in PROMPTS)


@pytest.mark.parametrize("repeated", [[PROMPTS[0]] * 3, [PROMPTS[0], PROMPTS[0][:5]]])
def test_a_prompt_that_is_the_beginning_of_all_others_keeps_a_token(answer, repeated):
    assert answer(repeated) == [answer([prompt])[0] for prompt in repeated]


def test_the_head_is_given_states_in_one_piece(model, answer):
    """Otherwise a frozen bfloat16 head is copied for each row of a batch."""
    left, multiplied = [], []
    head = model.get_output_embeddings()
    with (
        head.register_forward_pre_hook(lambda _, given: left.append(given[0])),
        head.register_forward_hook(lambda _, given, logits: multiplied.append(given[0])),
    ):
        answer(PROMPTS)
    assert not left[0].is_contiguous(), "as the model leaves it: this test can fail"
    assert len(multiplied) == NEW
    assert all(states.is_contiguous() for states in multiplied)


def test_a_model_without_a_head_of_its_own_is_no_obstacle(model, answer, monkeypatch):
    expected = answer(PROMPTS)
    monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
    assert answer(PROMPTS) == expected


def test_an_answer_stops_at_the_end_token(model, tiny_tokenizer, answer):
    new = plain(model, PROMPTS[0])
    at = next(i for i, token in enumerate(new) if token not in new[:i] and i >= 3)
    model.generation_config.eos_token_id = [new[at], 5]
    assert answer(PROMPTS[:1]) == [tiny_tokenizer.decode(new[: at + 1], skip_special_tokens=True)]


def test_an_answer_says_whether_it_ended_by_itself(model, tiny_tokenizer):
    news = [plain(model, prompt) for prompt in PROMPTS]
    end = next(token for token in news[0] if token not in news[1] + news[2])
    model.generation_config.eos_token_id = end
    said = generate(model, tiny_tokenizer, PROMPTS, NEW, ALL)
    assert [one.finished for one in said] == [True, False, False]
    before = news[0].index(end)
    cut = generate(model, tiny_tokenizer, PROMPTS[:1], before, ALL) if before else []
    assert not any(one.finished for one in cut)
    last = generate(model, tiny_tokenizer, PROMPTS[:1], before + 1, ALL)
    assert last[0].finished, "the end token may be the last that is allowed"


def test_without_an_end_token_no_answer_ends(model, tiny_tokenizer):
    assert not any(one.finished for one in generate(model, tiny_tokenizer, PROMPTS, NEW, ALL))


def test_special_tokens_are_no_part_of_an_answer(model, tiny_tokenizer, answer):
    end = tiny_tokenizer.eos_token_id
    with torch.no_grad():
        model.lm_head.weight[end] = 0
    bias = torch.zeros(model.config.vocab_size)
    bias[end] = 1e4
    model.lm_head.register_forward_hook(lambda module, inputs, output: output + bias)
    assert answer(PROMPTS) == ["", "", ""]


def test_a_longer_answer_than_allowed_is_cut(model, tiny_tokenizer):
    (short,) = generate(model, tiny_tokenizer, PROMPTS[:1], 3, ALL)
    assert short.text == tiny_tokenizer.decode(
        plain(model, PROMPTS[0])[:3], skip_special_tokens=True
    )


def test_prefix_and_answer_count_towards_a_batch(model, tiny_tokenizer, monkeypatch):
    seen = []
    monkeypatch.setattr(
        generation, "by_length", lambda *given: [seen.append(given), by_length(*given)][1]
    )
    prompts = [[50] * 20 + [60], [50] * 20 + [60, 61, 62]]
    generate(model, tiny_tokenizer, prompts, 7, ALL)
    ((widths, limit),) = seen
    assert (widths, limit) == ([21 + 7, 23 + 7], ALL)
