"""How many tokens a model can read is told by its configuration, under several names."""

from types import SimpleNamespace

import pytest
from peft import PromptTuningConfig, get_peft_model
from transformers import (
    Gemma3Config,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    MptConfig,
    RecurrentGemmaConfig,
)

from peftline.base_model import context


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        (LlamaConfig(max_position_embeddings=96), 96),
        (GPT2Config(n_positions=128), 128),
        (MptConfig(max_seq_len=256), 256),
        (Gemma3Config(text_config={"max_position_embeddings": 512}), 512),
        (MambaConfig(), None),
        (RecurrentGemmaConfig(), None),
        (
            LlamaConfig(
                max_position_embeddings=100,
                rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}
                | {"original_max_position_embeddings": 100},
            ),
            400,
        ),
        (
            LlamaConfig(
                max_position_embeddings=131072,
                rope_parameters={"rope_type": "llama3", "factor": 8.0, "rope_theta": 1e4}
                | {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
                | {"original_max_position_embeddings": 8192},
            ),
            131072,
        ),
        (
            LlamaConfig(
                max_position_embeddings=100,
                rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4},
            ),
            200,
        ),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_the_limit_of_a_configuration(config, tokens):
    assert context.tokens_of_config(config) == tokens


def test_the_limit_of_a_base_is_that_of_its_model(tiny_base, tiny_model):
    assert context.tokens_of_folder(tiny_base) == context.tokens_of_model(tiny_model) == 4096


def test_virtual_tokens_take_their_room(tiny_model):
    tuned = get_peft_model(
        tiny_model, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=7)
    )
    assert context.tokens_left(tuned) == 4096 - 7
    assert context.tokens_of_model(tuned) == 4096


def test_a_model_without_a_configuration_has_no_known_limit():
    assert context.tokens_left(SimpleNamespace()) is None


def test_texts_that_are_too_long_are_named_with_their_tokens():
    found = context.why_too_long(["a", "b", "c"], [11, 10, 30], 10, "prompts")
    assert found == (
        "2 of 3 prompts need more tokens than the 10 that the model can read; the longest needs "
        "30: a (11), c (30)."
    )
    assert context.why_too_long(["a", "b"], [10, 10], 10, "prompts") == ""
    assert context.why_too_long(["a"], [10**9], None, "prompts") == ""
    assert "…" in context.why_too_long(["a"] * 9, [9] * 9, 1, "prompts")
