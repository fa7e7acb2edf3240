"""What every recipe promises about its training."""

import pytest
import torch

from peftline.adapters.targets import linear_layers
from peftline.capabilities import method
from tests.methods.recipes import ADAPTERS, able, recipe_of, trainables

EVERY = pytest.mark.parametrize("name", ADAPTERS)

# What the names of a method's parameters contain.
PARTS = {
    "lora": ("lora_A", "lora_B"),
    "dora": ("lora_A", "lora_B", "lora_magnitude_vector"),
    "pissa": ("lora_A", "lora_B"),
    "olora": ("lora_A", "lora_B"),
    "eva": ("lora_A", "lora_B"),
    "loftq": ("lora_A", "lora_B"),
    "adalora": ("lora_A", "lora_B", "lora_E"),
    "vera": ("vera_lambda_b", "vera_lambda_d"),
    "ia3": ("ia3_l",),
    "ln_tuning": ("ln_tuning_layers",),
    "oft": ("oft_R",),
    "hra": ("hra_u",),
    "miss": ("miss_block",),
    "shira": ("shira_weight",),
    "prompt_tuning": ("prompt_encoder",),
    "p_tuning": ("prompt_encoder",),
    "prefix_tuning": ("prompt_encoder",),
    "prefix_tuning with projection": ("prompt_encoder",),
    "bottleneck": ("bottleneck.",),
    "adapter_fusion": ("fusion.query", "fusion.key", "fusion.value"),
    "peft": ("lokr_",),
}


def parts_of(name):
    if name == "lora_fa":
        return ("lora_B",)
    return PARTS[method(recipe_of(name).adapter)]


def p_tuning(tokens, d, h):
    return tokens * d + (d * h + h) + (h * h + h) + (h * d + d)


def projected(tokens, d, h, states):
    return tokens * d + (d * h + h) + (h * states + states)


def bottlenecks(adapter, d, layers):
    h = round(d / adapter.reduction)
    return (2 if adapter.placement == "houlsby" else 1) * layers * (2 * d * h + h + d)


def closed_form(name, model):
    """Trainable parameters by the formulas of the papers, from the shapes of the base."""
    adapter = recipe_of(name).adapter
    layers = {n: model.get_submodule(n) for n in linear_layers(model)}
    shapes = [(layer.in_features, layer.out_features) for layer in layers.values()]
    width, norms = model.config.hidden_size, 2 * model.config.num_hidden_layers + 1
    scaled = {"k_proj": 1, "v_proj": 1, "down_proj": 0}  # IA3: outputs, but the input of the last
    if name == "lora_fa":
        return sum(adapter.rank * o for _, o in shapes)
    heads = model.config.num_key_value_heads * model.config.head_dim
    states = 2 * model.config.num_hidden_layers * heads
    return {
        "bottleneck": lambda: bottlenecks(adapter, width, model.config.num_hidden_layers),
        "adapter_fusion": lambda: model.config.num_hidden_layers * (3 * width**2 + width),
        "prompt_tuning": lambda: adapter.tokens * width,
        "p_tuning": lambda: p_tuning(adapter.tokens, width, adapter.encoder_hidden_size),
        "prefix_tuning": lambda: adapter.tokens * states,
        "prefix_tuning with projection": lambda: projected(
            adapter.tokens, heads, adapter.encoder_hidden_size, states
        ),
        "lora": lambda: sum(adapter.rank * (i + o) for i, o in shapes),
        "dora": lambda: sum(adapter.rank * (i + o) + o for i, o in shapes),
        "adalora": lambda: sum(adapter.initial_rank * (i + o + 1) for i, o in shapes),
        "vera": lambda: sum(adapter.rank + o for _, o in shapes),
        "ia3": lambda: sum(
            (layer.in_features, layer.out_features)[scaled[n.rsplit(".", 1)[-1]]]
            for n, layer in layers.items()
            if n.rsplit(".", 1)[-1] in scaled
        ),
        "ln_tuning": lambda: norms * width,
        "oft": lambda: sum(i * (adapter.block_size - 1) // 2 for i, _ in shapes),
        "hra": lambda: sum(adapter.rank * i for i, _ in shapes),
        "miss": lambda: sum(adapter.rank * o for _, o in shapes),
        "shira": lambda: sum(adapter.rank * (i + o) for i, o in shapes),
    }[{"pissa": "lora", "olora": "lora", "loftq": "lora"}.get(method(adapter), method(adapter))]()


@pytest.mark.parametrize("name", able("identity"))
def test_before_the_first_step_nothing_has_changed(every, ids, name):
    with torch.no_grad():
        expected = every.untouched(name)(ids).logits
        torch.testing.assert_close(every.build(name)(ids).logits, expected, rtol=0, atol=1e-4)


@EVERY
def test_exactly_the_named_parameters_train_and_in_float32(every, name):
    found = trainables(every.trained(name).model)
    assert found
    strangers = [n for n in found if not any(part in n for part in parts_of(name))]
    absent = [part for part in parts_of(name) if not any(part in n for n in found)]
    assert (strangers, absent) == ([], [])
    assert {p.dtype for p in found.values()} == {torch.float32}


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"eva", "peft"}))
def test_as_many_parameters_train_as_the_formula_says(every, name):
    done = every.trained(name)
    assert done.history["trainable_parameters"] == closed_form(name, every.untouched())


def test_eva_moves_rank_between_layers_and_keeps_its_sum(every):
    adapter = every.build("eva").peft_config["default"]
    layers = linear_layers(every.untouched())
    ranks = [adapter.rank_pattern.get(layer, adapter.r) for layer in layers]
    assert sum(ranks) == adapter.r * len(layers)
    assert len(set(ranks)) > 1


@EVERY
def test_every_parameter_has_a_gradient_also_after_an_evaluation(every, name):
    done = every.trained(name)
    assert len(done.validation) == 3  # before, in the middle, at the end
    without = [
        n for n, gradient in done.gradients.items() if gradient is None or not gradient.any()
    ]
    assert without == []


# The rate that suits a method on the random model, and where it ends there, with some room. One
# virtual prompt for all rows cannot tell this model much about each.
USUAL = (1e-2, 0.05)
LEARNT = {
    "adalora": (5e-2, 0.3),
    "adapter_fusion": (3e-2, 1.5),
    "ia3": (1.0, 0.1),
    "ln_tuning": (0.3, 0.05),
    "lora_plus": (1e-3, 0.05),
    "p_tuning": (1e-2, 6),
    "peft": (5e-2, 0.05),
    "pfeiffer": (2e-2, 0.6),
    "prefix_tuning": (0.3, 2),
    "prefix_tuning_projected": (5e-2, 2),
    "prompt_tuning": (0.3, 6),
    "qrslora": (3e-3, 0.05),
    "rslora": (3e-3, 0.05),
    "vera": (0.1, 0.05),
}


@EVERY
def test_it_learns_eight_rows_by_heart(every, eight_rows, name):
    rate, limit = LEARNT.get(name, USUAL)
    # The networks of the bottlenecks are 4 wide here, and learn slowly.
    steps = 200 if "bottleneck" in parts_of(name)[0] else 60
    done = every.train(name, data=eight_rows, max_steps=steps, learning_rate=rate, evaluations=1)
    assert done.losses[0] > (10 if name == "adapter_fusion" else 15)  # what it is about knows some
    assert done.validation[-1] < limit


@EVERY
def test_equal_seeds_give_equal_losses_and_bytes_and_others_do_not(every, name):
    first, again = every.trained(name), every.train(name)
    assert again.losses == first.losses
    files = [run.folder / "adapter_model.safetensors" for run in (first, again)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert every.train(name, seed=7, max_steps=2).losses != first.losses[:2]


@EVERY
def test_a_step_in_many_parts_is_the_same_step(every, name):
    whole, parts = every.trained(name), every.train(name, speed={"micro_batch_tokens": 1})
    assert parts.losses == pytest.approx(whole.losses, rel=1e-3)
    assert parts.validation == pytest.approx(whole.validation, rel=1e-3)


def kill_at(step):
    def listen(record):
        if record["step"] == step and "train_loss" in record:
            raise KeyboardInterrupt

    return listen


@pytest.mark.parametrize("name", able("resumes"))
def test_a_killed_run_goes_on_as_if_nothing_had_happened(every, tmp_path, caplog, name):
    whole = every.trained(name)
    with pytest.raises(KeyboardInterrupt):
        every.train(name, place=tmp_path, listener=kill_at(5))
    resumed = every.train(name, place=tmp_path)
    assert "Resuming from checkpoint-4" in caplog.text
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-5)
    assert resumed.validation[-1] == pytest.approx(whole.validation[-1], rel=1e-5)


@pytest.mark.parametrize("name", able("resumes", False))
def test_others_start_afresh_and_say_so(every, tmp_path, caplog, name):
    whole = every.trained(name)
    with pytest.raises(KeyboardInterrupt):
        every.train(name, place=tmp_path, listener=kill_at(5))
    again = every.train(name, place=tmp_path)
    assert "cannot go on from its checkpoints; starting afresh" in caplog.text
    assert again.losses == whole.losses
