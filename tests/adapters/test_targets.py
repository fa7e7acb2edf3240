import pytest

from peftline.adapters.targets import linear_layers, resolve_targets
from peftline.errors import PeftlineError

LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def test_all_linear_layers_but_the_head_are_found(tiny_model):
    found = linear_layers(tiny_model)
    assert {name.rsplit(".", 1)[-1] for name in found} == set(LAYERS)
    assert len(found) == 2 * len(LAYERS)


def test_all_linear_is_left_to_peft(tiny_model):
    assert resolve_targets("all-linear", tiny_model) == "all-linear"


@pytest.mark.parametrize(
    ("wanted", "resolved"),
    [
        ("q_proj", ["q_proj"]),
        (["q_proj", "v_proj"], ["q_proj", "v_proj"]),
        (["model.layers.0.mlp.up_proj"], ["model.layers.0.mlp.up_proj"]),
        (["self_attn.q_proj"], ["self_attn.q_proj"]),
    ],
)
def test_names_and_endings_of_layers_pass(tiny_model, wanted, resolved):
    assert resolve_targets(wanted, tiny_model) == resolved


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ("query_key_value", "'query_key_value'"),
        (["q_proj", "c_attn", "c_proj"], "'c_attn', 'c_proj'"),
        (["proj"], "'proj'"),
        (["lm_head"], "'lm_head'"),
        (["embed_tokens"], "'embed_tokens'"),
        ([], "an empty list"),
    ],
)
def test_an_unknown_target_is_refused_with_the_layers_that_exist(tiny_model, wanted, named):
    with pytest.raises(PeftlineError) as caught:
        resolve_targets(wanted, tiny_model)
    found = str(caught.value)
    assert found.startswith(f"adapter.target_modules: {named} matches no linear layer")
    for layer in LAYERS:
        assert layer in found
    assert "'all-linear'" in found
    assert "'q_proj'" not in found
