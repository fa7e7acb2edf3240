"""What a model does after its last states is tried, not read off names in its configuration."""

import logging

import pytest
import torch
from transformers import (
    CohereConfig,
    CohereForCausalLM,
    FalconH1Config,
    FalconH1ForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    JetMoeConfig,
    JetMoeForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MiniCPM3Config,
    MiniCPM3ForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    ModernBertDecoderConfig,
    ModernBertDecoderForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    RecurrentGemmaConfig,
    RecurrentGemmaForCausalLM,
)

from peftline.labels import IGNORED
from peftline.objectives.collate import PadRight
from peftline.objectives.token_losses import losses
from peftline.speed.ending import Logits, ending_of

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_local_experts": 4, "num_experts": 4, "num_experts_per_tok": 2}


class TwoHeads(LlamaForCausalLM):
    """A second head, whose logits are added to the first's."""

    def __init__(self, config):
        super().__init__(config)
        self.second_head = torch.nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def forward(self, labels=None, **inputs):
        out = super().forward(**inputs)
        states = self.model(**inputs).last_hidden_state
        out.logits = out.logits + self.second_head(states)
        if labels is not None:
            out.loss = self.loss_function(out.logits, labels, self.config.vocab_size)
        return out


class Centred(LlamaForCausalLM):
    """Logits of which each position's depend on those of all others."""

    def forward(self, labels=None, **inputs):
        out = super().forward(**inputs)
        out.logits = out.logits - out.logits.mean(1, keepdim=True)
        if labels is not None:
            out.loss = self.loss_function(out.logits, labels, self.config.vocab_size)
        return out


MODELS = {
    "plain": (LlamaForCausalLM, LlamaConfig, {}, Logits.OF_HEAD),
    "dense and norm before the head": (
        ModernBertDecoderForCausalLM,
        ModernBertDecoderConfig,
        {"cls_token_id": 1, "sep_token_id": 2},
        Logits.OF_HEAD,
    ),
    "scaled before the head": (
        MiniCPM3ForCausalLM,
        MiniCPM3Config,
        {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8}
        | {"v_head_dim": 8, "dim_model_base": 4, "num_key_value_heads": 4},
        Logits.OF_HEAD,
    ),
    "capped": (Gemma2ForCausalLM, Gemma2Config, {}, Logits.POSITION_BY_POSITION),
    "capped, with nothing to see of it at small logits": (
        Gemma2ForCausalLM,
        Gemma2Config,
        {"final_logit_softcapping": 32.0},
        Logits.POSITION_BY_POSITION,
    ),
    "capped by another name": (
        RecurrentGemmaForCausalLM,
        RecurrentGemmaConfig,
        {"lru_width": 32, "block_types": ["recurrent", "attention"]},
        Logits.POSITION_BY_POSITION,
    ),
    "divided": (
        GraniteForCausalLM,
        GraniteConfig,
        {"logits_scaling": 8.0},
        Logits.POSITION_BY_POSITION,
    ),
    "multiplied": (
        CohereForCausalLM,
        CohereConfig,
        {"logit_scale": 0.0625},
        Logits.POSITION_BY_POSITION,
    ),
    "multiplied by another name": (
        FalconH1ForCausalLM,
        FalconH1Config,
        {"lm_head_multiplier": 0.02, "mamba_d_ssm": 64, "mamba_n_heads": 8, "mamba_d_head": 8}
        | {"mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 8},
        Logits.POSITION_BY_POSITION,
    ),
    "a scale of one": (GraniteForCausalLM, GraniteConfig, {"logits_scaling": 1.0}, Logits.OF_HEAD),
    "two heads": (TwoHeads, LlamaConfig, {}, Logits.OF_MODEL),
    "across positions": (Centred, LlamaConfig, {}, Logits.OF_MODEL),
}
EACH = pytest.mark.parametrize("name", MODELS)


def made(name, dtype=torch.float32, **settings):
    kind, config, own, _ = MODELS[name]
    torch.manual_seed(0)
    model = kind(config(**SMALL | own | settings)).to(dtype).eval()
    model.config.dtype = dtype
    return model


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    rows = []
    for length in (9, 4, 17):
        ids = torch.randint(3, 64, (length,), generator=generator).tolist()
        rows.append({"input_ids": ids, "labels": [IGNORED] * 3 + ids[3:]})
    return PadRight(0)(rows)


def gradients(model):
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@EACH
def test_the_way_to_the_logits_is_found(name, dtype):
    """With weights so small that a cap of 30 changes no logit by as much as bfloat16 shows."""
    assert ending_of(made(name, dtype)).logits is MODELS[name][-1]


@EACH
def test_the_loss_and_its_gradients_are_the_models_own(name, batch):
    """With weights so large that the logits are capped."""
    model = made(name, initializer_range=0.3)
    total, tokens, router = losses(model, batch)
    assert tokens == (batch["labels"][:, 1:] != IGNORED).sum() and router is None
    (total / tokens).backward()
    ours = gradients(model)
    own = model(**batch).loss
    own.backward()
    torch.testing.assert_close(total / tokens, own, rtol=1e-5, atol=0)
    for parameter, gradient in gradients(model).items():
        torch.testing.assert_close(ours[parameter], gradient, rtol=1e-5, atol=1e-5)


@EACH
def test_a_batch_without_loss_has_none(name, batch):
    model = made(name)
    batch["labels"].fill_(IGNORED)
    total, tokens, _ = losses(model, batch)
    total.backward()
    assert total.item() == tokens.item() == 0
    assert all((gradient == 0).all() for gradient in gradients(model).values())


def test_a_model_is_tried_once_and_what_was_found_is_logged(caplog):
    caplog.set_level(logging.INFO)
    model = made("capped")
    calls = []
    model.register_forward_pre_hook(lambda *_: calls.append(1))
    assert ending_of(model) is ending_of(model)
    assert len(calls) == 3, "whole, chosen positions, router"
    assert [record.message for record in caplog.records] == [
        "The loss is computed from the model's own logits: changed position by position."
    ]


def test_a_trial_leaves_no_trace(batch):
    model = made("plain").train()
    ending_of(model)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert "forward" not in vars(model.lm_head)


ROUTED = pytest.mark.parametrize(
    ("kind", "config", "settings"),
    [
        (MixtralForCausalLM, MixtralConfig, {"router_aux_loss_coef": 0.02}),
        (Qwen2MoeForCausalLM, Qwen2MoeConfig, {"router_aux_loss_coef": 0.1}),
        (JetMoeForCausalLM, JetMoeConfig, {"aux_loss_coef": 0.05, "kv_channels": 8}),
    ],
)


@ROUTED
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weight_of_a_routers_loss_is_what_transformers_adds(kind, config, settings, dtype):
    model = kind(config(**SMALL | EXPERTS | settings)).to(dtype)
    weight = next(value for name, value in settings.items() if name.endswith("loss_coef"))
    assert ending_of(model).router_weight == pytest.approx(weight, rel=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        lambda: made("plain"),
        lambda: MixtralForCausalLM(MixtralConfig(**SMALL | EXPERTS, router_aux_loss_coef=0.0)),
    ],
)
def test_without_a_router_or_without_its_weight_there_is_none(model):
    assert ending_of(model()).router_weight == 0


@ROUTED
def test_the_loss_of_a_router_is_the_models_own(kind, config, settings, batch):
    torch.manual_seed(0)
    model = kind(config(**SMALL | EXPERTS | settings, initializer_range=0.3)).eval()
    total, tokens, router = losses(model, batch, router=True)
    assert router > 0.01, "otherwise this test could not fail"
    (total / tokens + router).backward()
    ours = gradients(model)
    whole = model(**batch, output_router_logits=True).loss
    whole.backward()
    torch.testing.assert_close(total / tokens + router, whole, rtol=1e-5, atol=0)
    for parameter, gradient in gradients(model).items():
        torch.testing.assert_close(ours[parameter], gradient, rtol=1e-5, atol=1e-5)
