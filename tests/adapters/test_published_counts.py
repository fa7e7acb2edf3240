"""Trainable parameters of known models, counted by PEFT 0.21.2 on their true shapes."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from peftline import adapters
from peftline.adapters.ia3 import Ia3
from peftline.adapters.lora import Lora
from peftline.adapters.prompts import PrefixTuning, PromptTuning, PTuning
from peftline.adapters.vera import Vera

# hidden, intermediate, layers, heads, heads of keys and values, vocabulary, tied head
SHAPES = {
    "llama-2-7b": (4096, 11008, 32, 32, 32, 32000, False),
    "mistral-7b-v0.3": (4096, 14336, 32, 32, 8, 32768, False),
    "llama-3-8b": (4096, 14336, 32, 32, 8, 128256, False),
    "llama-3.2-3b": (3072, 8192, 28, 24, 8, 128256, True),
    "llama-3-70b": (8192, 28672, 80, 64, 8, 128256, False),
    "smollm2-135m": (576, 1536, 30, 9, 3, 49152, True),
}
PARAMETERS = {
    "llama-2-7b": 6_738_415_616,
    "mistral-7b-v0.3": 7_248_023_552,
    "llama-3-8b": 8_030_261_248,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3-70b": 70_553_706_496,
    "smollm2-135m": 134_515_008,
}
QV, QKVO = ["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"]


def lora(rank, targets="all-linear", **settings):
    return Lora(rank=rank, target_modules=targets, **settings)


COUNTS = [
    ("llama-2-7b", lora(8, QV), 4_194_304),
    ("llama-2-7b", lora(16, QV), 8_388_608),
    ("llama-2-7b", lora(16), 39_976_960),
    ("llama-2-7b", PrefixTuning(tokens=20), 5_242_880),
    ("llama-2-7b", PromptTuning(tokens=20), 81_920),
    ("llama-2-7b", Ia3(), 614_400),
    ("llama-2-7b", Vera(rank=256, target_modules=QV), 278_528),
    ("mistral-7b-v0.3", lora(16, QV), 6_815_744),
    ("mistral-7b-v0.3", lora(16, QKVO), 13_631_488),
    ("mistral-7b-v0.3", lora(16), 41_943_040),
    ("llama-3-8b", lora(8), 20_971_520),
    ("llama-3-8b", lora(16), 41_943_040),
    ("llama-3-8b", lora(64), 167_772_160),
    ("llama-3-8b", PrefixTuning(tokens=20), 1_310_720),
    ("llama-3.2-3b", lora(8), 12_156_928),
    ("llama-3.2-3b", lora(16, QKVO), 9_175_040),
    ("llama-3.2-3b", lora(32, QV), 9_175_040),
    ("llama-3.2-3b", lora(8, dora=True), 12_931_072),
    ("llama-3.2-3b", PTuning(tokens=20, encoder_hidden_size=128), 867_584),
    ("llama-3.2-3b", PrefixTuning(tokens=20), 1_146_880),
    ("llama-3.2-3b", PromptTuning(tokens=20), 61_440),
    ("llama-3.2-3b", Ia3(), 286_720),
    ("llama-3-70b", lora(16), 207_093_760),
    ("llama-3-70b", lora(64), 828_375_040),
    ("smollm2-135m", lora(8), 2_442_240),
    ("smollm2-135m", lora(16), 4_884_480),
]


def shaped(name):
    """A model of that shape without weights."""
    hidden, intermediate, layers, heads, kv_heads, vocabulary, tied = SHAPES[name]
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
    )
    with torch.device("meta"):
        return LlamaForCausalLM(config).requires_grad_(False)


@pytest.mark.parametrize("name", SHAPES)
def test_the_models_have_their_true_shapes(name):
    assert shaped(name).num_parameters() == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "config", "count"),
    COUNTS,
    ids=[f"{name}-{config.type}-{count}" for name, config, count in COUNTS],
)
def test_an_adapter_trains_as_many_as_published(name, config, count):
    with torch.device("meta"):
        wrapped = adapters.build(config, shaped(name))
    assert adapters.counts(wrapped)[0] == count
