"""Packed rows do not see each other, and models that cannot keep them apart are found."""

import pytest
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from peftline.errors import PeftlineError
from peftline.labels import IGNORED
from peftline.objectives.collate import PadRight
from peftline.objectives.token_losses import batch_loss
from peftline.speed import packing

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


def model_of(kind, config, **settings):
    torch.manual_seed(0)
    model = kind(config(**SMALL, initializer_range=0.3, **settings)).eval()
    model.config.dtype = torch.float32
    return model


@pytest.fixture
def llama():
    return model_of(LlamaForCausalLM, LlamaConfig)


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    made = []
    for length in (9, 2, 17, 1):
        ids = torch.randint(0, 64, (length,), generator=generator).tolist()
        made.append({"input_ids": ids, "labels": [IGNORED] * (length // 3) + ids[length // 3 :]})
    return made


def loss_and_gradients(model, batch):
    model.zero_grad()
    total, count = batch_loss(model, batch)
    total.backward()
    return total.detach(), count, [p.grad.clone() for p in model.parameters()]


def test_loss_and_gradients_are_those_of_padded_rows(llama, rows):
    batch = PadRight(0)(rows)
    padded = loss_and_gradients(llama, batch)
    with packing.rows_apart(llama, "on", 17) as packed:
        assert packed
        ours = loss_and_gradients(llama, batch)
    assert ours[1] == padded[1]
    torch.testing.assert_close(ours[0], padded[0], rtol=1e-5, atol=0)
    for one, other in zip(ours[2], padded[2], strict=True):
        assert (one - other).norm() <= 1e-5 * other.norm()


def test_a_row_is_the_same_whatever_stands_before_it(llama, rows):
    with packing.rows_apart(llama, "on", 17), torch.no_grad():
        inputs, _ = packing.flatten(PadRight(0)(rows))
        before = llama(**inputs, use_cache=False).logits
        inputs["input_ids"][0, :9] = 5  # the whole first row
        after = llama(**inputs, use_cache=False).logits
    assert torch.equal(before[0, 9:], after[0, 9:])
    assert not torch.allclose(before[0, :9], after[0, :9])


def test_rows_stand_one_after_the_other_and_are_filled_up_once(rows):
    inputs, labels = packing.flatten(PadRight(0)(rows))
    assert inputs["input_ids"].shape == labels.shape == (1, 64)
    assert inputs["input_ids"][0, :29].tolist() == [i for row in rows for i in row["input_ids"]]
    assert inputs["row_lengths"] == [9, 2, 17, 1, 64 - 29]
    positions = [*range(9), *range(2), *range(17), *range(1)]
    assert inputs["position_ids"][0, :29].tolist() == positions
    starts = [0, 9, 11, 28]
    assert (labels[0, starts] == IGNORED).all(), "nothing predicts a row's first token"
    assert (labels[0, 29:] == IGNORED).all(), "the filling carries no loss"


def test_rows_that_make_up_the_multiple_are_not_filled():
    row = {"input_ids": [1] * 32, "labels": [1] * 32}
    inputs, _ = packing.flatten(PadRight(0)([row, row]))
    assert inputs["row_lengths"] == [32, 32]


def test_the_models_own_attention_comes_back(llama):
    usual = llama.config._attn_implementation
    with pytest.raises(RuntimeError, match="stop"), packing.rows_apart(llama, "auto", 17) as packed:
        assert packed
        raise RuntimeError("stop")
    assert llama.config._attn_implementation == usual
    assert not packing.is_packed(llama)


REFUSED = pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: model_of(Gemma2ForCausalLM, Gemma2Config), "softcap"),
        (
            lambda: model_of(MistralForCausalLM, MistralConfig, sliding_window=16),
            "sliding_window is 16 tokens",
        ),
        (
            lambda: MambaForCausalLM(
                MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, state_size=4)
            ).eval(),
            "",
        ),
    ],
    ids=["capped", "window", "recurrent"],
)


@REFUSED
def test_a_model_that_cannot_keep_rows_apart_is_padded(model, reason):
    model = model()
    usual = model.config._attn_implementation
    with packing.rows_apart(model, "auto", 17) as packed:
        assert not packed
        assert model.config._attn_implementation == usual


@REFUSED
def test_and_refused_where_packing_is_demanded(model, reason):
    with pytest.raises(PeftlineError, match=f"Rows cannot be packed: .*{reason}"):
        with packing.rows_apart(model(), "on", 17):
            pass


def test_a_window_wider_than_all_rows_is_no_obstacle(rows):
    model = model_of(MistralForCausalLM, MistralConfig, sliding_window=17)
    batch = PadRight(0)(rows)
    padded = loss_and_gradients(model, batch)
    with packing.rows_apart(model, "on", 17):
        torch.testing.assert_close(loss_and_gradients(model, batch)[0], padded[0])


def test_an_obstacle_beside_the_model_is_named(llama):
    with packing.rows_apart(llama, "auto", 17, "a reason") as packed:
        assert not packed
    with (
        pytest.raises(PeftlineError, match="a reason"),
        packing.rows_apart(llama, "on", 17, "a reason"),
    ):
        pass
