"""No setting is read by nobody: each one changes what a run learns."""

from typing import get_args

import pytest

from peftline import adapters, optimizers, quantization
from peftline.training import Training
from tests.methods.recipes import recipe_of

SOME = {"target_modules": ["q_proj", "v_proj"]}
# By recipe: another value of each setting of its adapter.
ADAPTER = {
    "lora": SOME
    | {"rank": 8, "alpha": 16, "dropout": 0.5, "rslora": True}
    | {"dora": True, "initialization": "olora"},
    "eva": {"eva_rho": 1},
    "adalora": SOME
    | {"initial_rank": 20, "target_rank": 8, "alpha": 16, "dropout": 0.5, "warmup_share": 0}
    | {"final_share": 0.6, "interval_steps": 2, "orthogonality": 0.1},
    "vera": SOME | {"rank": 64, "initial_d": 0.2, "dropout": 0.5},
    "ia3": {"target_modules": ["k_proj", "down_proj"], "input_modules": []},
    "oft": SOME | {"block_size": 16},
    "hra": SOME | {"rank": 4},
    "miss": SOME | {"rank": 32, "dropout": 0.5},
    "shira": SOME | {"rank": 8},
    "prompt_tuning": {"tokens": 10, "initial_text": "Hello"},
    "p_tuning": {"tokens": 10, "encoder_hidden_size": 64},
    "prefix_tuning": {"tokens": 10, "initial_text": "Hello there"},
    "prefix_tuning_projected": {"projection": False, "encoder_hidden_size": 64},
    "peft": {"peft_type": "LOHA", "arguments": {"r": 4}},
    "relora": SOME
    | {"rank": 8, "alpha": 16, "restarts": 1, "warmup_steps": 1, "forgotten_share": 0.5},
    "pfeiffer": {"placement": "houlsby", "reduction": 8, "activation": "gelu", "scale": 2},
    "adapter_fusion": {"adapters": ["pfeiffer", "pfeiffer"], "value_penalty": 1},
}
ADAMW = {"weight_decay": 0.5, "beta1": 0.5, "beta2": 0.9}
# By recipe and type of its optimizer.
OPTIMIZER = {
    ("lora", "adamw"): ADAMW,
    ("lora", "adamw_8bit"): ADAMW,
    ("lora_plus", "lora_plus"): ADAMW | {"ratio": 4},
    ("lora_fa", "lora_fa"): {"weight_decay": 0.5},
    ("galore", "galore"): {"rank": 4, "update_gap_steps": 1, "scale": 0.5},
}
QUANTIZATION = {
    "qlora": {"double_quantization": False},
    "qlora_fp4": {"double_quantization": False},
    "qlora_int8": {"outlier_threshold": 0.5},
}
# Each beside the settings under which it matters.
TRAINING = {
    "learning_rate": (1e-4, {}),
    "epochs": (2, {"max_steps": None}),
    "max_steps": (5, {}),
    "batch_size": (4, {}),
    "batch_tokens": (100, {}),
    "schedule": ("linear", {}),
    "cycles": (1, {"schedule": "restarts"}),
    "warmup_share": (0.5, {}),
    "max_grad_norm": (0.01, {}),
    "evaluations": (1, {}),
    "neftune_alpha": (5, {}),
    "patience": (1, {"evaluations": 6, "learning_rate": 0.5}),
}
# These change what a run costs, or where it goes on, and no number: test_training, test_table.
NO_NUMBERS = {"gradient_checkpointing", "checkpoints", "speed", "paged"}


def fingerprint(done):
    """Losses, and the weights that are left."""
    (file,) = done.folder.glob("*model.safetensors")
    return done.losses, done.validation, file.read_bytes()


@pytest.mark.parametrize(
    ("name", "setting"), [(name, setting) for name, given in ADAPTER.items() for setting in given]
)
def test_a_setting_of_an_adapter(every, name, setting):
    other = every.train(name, adapter={setting: ADAPTER[name][setting]})
    assert fingerprint(other) != fingerprint(every.trained(name))


@pytest.mark.parametrize(
    ("recipe", "setting"), [(key, setting) for key, given in OPTIMIZER.items() for setting in given]
)
def test_a_setting_of_an_optimizer(every, recipe, setting):
    name, kind = recipe
    usual = every.train(name, optimizer={"type": kind})
    other = every.train(name, optimizer={"type": kind, setting: OPTIMIZER[recipe][setting]})
    assert fingerprint(other) != fingerprint(usual)


@pytest.mark.parametrize("name", QUANTIZATION)
def test_a_setting_of_a_quantized_base(every, name):
    other = every.train(name, quantization=QUANTIZATION[name])
    assert fingerprint(other) != fingerprint(every.trained(name))


@pytest.mark.parametrize("setting", TRAINING)
def test_a_setting_of_training(every, setting):
    value, beside = TRAINING[setting]
    usual, other = every.train("lora", **beside), every.train("lora", **beside | {setting: value})
    assert fingerprint(other) != fingerprint(usual)


def tried(values):
    """Settings by the type of the configuration that they belong to."""
    found = {}
    for config, settings in values:
        found.setdefault(type(config), set()).update(settings)
    return found


def test_no_setting_is_forgotten_here():
    values = [(recipe_of(name).adapter, given) for name, given in ADAPTER.items()]
    values += [(recipe_of(name).quantization, given) for name, given in QUANTIZATION.items()]
    for (name, kind), given in OPTIMIZER.items():
        values.append((recipe_of(name, optimizer={"type": kind}).optimizer, given))
    found = tried([*values, (Training(), TRAINING)])
    kinds = [*adapters.TYPES, Training]
    for axis in (optimizers.Optimizer, quantization.Quantization):
        kinds += get_args(get_args(axis)[0])
    forgotten = {
        (kind.__name__, setting)
        for kind in kinds
        for setting in set(kind.model_fields) - {"type"} - NO_NUMBERS - found.get(kind, set())
    }
    assert forgotten == set()
