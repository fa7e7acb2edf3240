"""The likelihood of an answer does not depend on what else is in its batch."""

import pytest
import torch
from peft import PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import Gemma2Config, Gemma2ForCausalLM

from peftline.evaluation import likelihood
from peftline.evaluation.likelihood import log_likelihoods
from peftline.labels import IGNORED
from peftline.rendering.render import Tokens

ALL = 10**6


def row(prompt, answer):
    """An answer after a prompt, and a last token that carries no label."""
    ids, said = list(prompt), list(answer)
    return Tokens([*ids, *said, 7], [IGNORED] * len(ids) + said + [IGNORED])


ROWS = [
    row(b"What is two and two?", b"four"),
    row(b"Hi", b"Good morning to you"),
    row(b"A prompt of a middle length", b"x"),
    Tokens(list(b"All of this"), list(b"All of this")),
]


@pytest.fixture
def model(tiny_model):
    """Weights so large that every token depends on all before it and on its position."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in tiny_model.named_parameters():
            if "norm" not in name:
                torch.nn.init.normal_(parameter, std=0.4)
    return tiny_model


def alone(model, one):
    """Sum of the log-likelihoods of a row that is read alone, from all its logits."""
    ids = torch.tensor([one.input_ids])
    model.eval()
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    logs = logits[0, -len(one.input_ids) :].float().log_softmax(-1)
    counted = [at for at, label in enumerate(one.labels) if at and label != IGNORED]
    return sum(logs[at - 1, one.labels[at]].item() for at in counted), len(counted)


def assert_as_alone(model, rows, batch_tokens=ALL, tolerance=1e-4):
    for found, one in zip(log_likelihoods(model, rows, batch_tokens), rows, strict=True):
        total, count = alone(model, one)
        assert found.log_likelihood == pytest.approx(total, abs=tolerance)
        assert found.tokens == count


def test_it_is_the_loss_of_transformers(model):
    for found, one in zip(log_likelihoods(model, ROWS, ALL), ROWS, strict=True):
        ids, labels = torch.tensor([one.input_ids]), torch.tensor([one.labels])
        with torch.no_grad():
            loss = model(input_ids=ids, labels=labels).loss.item()
        assert -found.per_token == pytest.approx(loss, abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 60, ALL])
def test_a_row_has_the_likelihood_it_has_alone(model, batch_tokens):
    assert_as_alone(model, ROWS, batch_tokens)
    assert_as_alone(model, ROWS[::-1], batch_tokens)


def test_likelihoods_of_all_next_tokens_add_up_to_one(model):
    rows = [row(b"Once upon", bytes([token])) for token in range(model.config.vocab_size - 2)]
    rows += [
        Tokens([*b"Once upon", token], [IGNORED] * 9 + [token])
        for token in range(model.config.vocab_size - 2, model.config.vocab_size)
    ]
    found = log_likelihoods(model, rows, ALL)
    total = torch.tensor([one.log_likelihood for one in found]).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", [PromptTuningConfig, PrefixTuningConfig])
def test_virtual_tokens_stand_before_every_row(model, kind):
    before = log_likelihoods(model, ROWS, ALL)
    tuned = get_peft_model(model, kind(task_type="CAUSAL_LM", num_virtual_tokens=5))
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "prompt_encoder" in name:
                parameter.normal_(std=0.5)
    assert_as_alone(tuned, ROWS)
    changes = [
        abs(a.log_likelihood - b.log_likelihood)
        for a, b in zip(before, log_likelihoods(tuned, ROWS, ALL), strict=True)
    ]
    assert min(changes) > 0.01, "otherwise this test could not fail"


def test_what_a_model_does_to_its_logits_is_done():
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=130,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        final_logit_softcapping=0.5,
        pad_token_id=0,
    )
    model = Gemma2ForCausalLM(config)
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(20)
    assert_as_alone(model, ROWS)
    capped = alone(model, ROWS[0])
    model.config.final_logit_softcapping = None
    assert alone(model, ROWS[0]) != pytest.approx(capped, abs=0.1), "the cap matters here"


def test_a_16_bit_model_has_its_logarithms_in_32_bits(model):
    model.to(torch.bfloat16)
    assert_as_alone(model, ROWS, 1, tolerance=1e-3)


def test_the_head_reads_labelled_positions_only_and_is_left_as_it_was(model):
    shapes = []
    head = model.get_output_embeddings()
    with head.register_forward_hook(lambda _, given, logits: shapes.append(logits.shape)):
        log_likelihoods(model, ROWS[:3], ALL)
    assert shapes == [(1, 4 + 19 + 1, model.config.vocab_size)]
    logits = model(torch.tensor([ROWS[0].input_ids])).logits
    assert logits.shape == (1, len(ROWS[0].input_ids), model.config.vocab_size)


def test_a_padding_id_in_the_text_counts_as_any_other(model):
    rows = [row([0, 0, 5], [0, 9]), row(b"A longer row than the other", b"!")]
    assert_as_alone(model, rows)


def test_small_batches_give_the_same(model, monkeypatch):
    rows = [
        row(b"A question", b"Some answer"),
        row(b"Another", b"No"),
        row(b"And one", b"Yes it is"),
    ]
    whole = log_likelihoods(model, rows, ALL)
    monkeypatch.setattr(likelihood, "_LABELLED", 10)
    parts = log_likelihoods(model, rows, 25)
    for one, other in zip(whole, parts, strict=True):
        assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-5)
        assert one.tokens == other.tokens


def test_without_rows_there_is_nothing_to_read(model):
    assert log_likelihoods(model, [], ALL) == []
