"""What cannot work is refused when the configuration is read, with the reason."""

import pytest

from peftline import capabilities, schema
from peftline.adapters.lora import Lora
from peftline.recipe import Recipe
from tests.methods.recipes import VALUES, able

LORA = {"type": "lora"}


def problems(**values):
    return schema.problems(Recipe, values, "mine")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"adapter": {"type": "hra"}, "quantization": {"type": "fp4"}},
            "hra does not train on a base in 4 bits",
        ),
        (
            {"adapter": LORA | {"initialization": "pissa"}, "quantization": {"type": "int8"}},
            "pissa does not train on a base in 8 bits",
        ),
        (
            {"adapter": {"type": "adalora"}, "training": {"patience": 2}},
            "adalora does not go with training.patience",
        ),
        (
            {"adapter": {"type": "ia3"}, "optimizer": {"type": "lora_plus"}},
            "optimizer lora_plus is for adapters of type lora, not ia3",
        ),
        (
            {"adapter": {"type": "peft", "peft_type": "LOKR"}, "quantization": {"type": "nf4"}},
            "LOKR does not train on a base in 4 bits",
        ),
        (
            {"adapter": {"type": "peft", "peft_type": "LOKR"}, "quantization": {"type": "int8"}},
            "LOKR does not train on a base in 8 bits",
        ),
        (
            {"adapter": LORA, "optimizer": {"type": "galore"}},
            "optimizer galore trains the model's own weights, so no adapter (lora)",
        ),
        (
            {"adapter": {"type": "none"}, "quantization": {"type": "nf4"}},
            "none does not train on a base in 4 bits",
        ),
        (
            {"adapter": LORA | {"dora": True}, "optimizer": {"type": "lora_fa"}},
            "optimizer lora_fa is about A and B, not the lengths that dora trains",
        ),
        (
            {"adapter": LORA | {"dora": True, "initialization": "olora"}},
            "dora starts at initialization=zero only",
        ),
        (
            {"adapter": LORA | {"initialization": "loftq"}},
            "loftq begins with what rounding to 4 bits has lost, so it wants quantization nf4",
        ),
        (
            {"adapter": {"type": "prefix_tuning"}, "training": {"gradient_checkpointing": True}},
            "prefix_tuning does not train with training.gradient_checkpointing",
        ),
        (
            {"adapter": {"type": "p_tuning"}, "training": {"speed": {"packing": "on"}}},
            "training.speed.packing=on is impossible: virtual tokens stand before each row",
        ),
        (
            {"adapter": LORA, "training": {"neftune_alpha": 5, "speed": {"packing": "on"}}},
            "training.speed.packing=on is impossible: NEFTune scales its noise by the length",
        ),
    ],
)
def test_an_impossible_recipe_is_refused_with_the_reason(values, reason):
    (message,) = problems(**values)
    assert message.startswith("mine: ") and reason in message
    assert "docs/methods.md" in message


def test_all_reasons_are_named_together():
    (message,) = problems(
        adapter={"type": "hra"}, quantization={"type": "nf4"}, optimizer={"type": "lora_fa"}
    )
    assert "4 bits" in message and "lora_fa" in message


def test_reasons_within_an_adapter_are_named_with_its_place():
    (message,) = problems(
        adapter={"type": "prefix_tuning", "projection": True, "initial_text": "Hello"}
    )
    assert message.startswith("mine.adapter: initial_text sets keys and values")


@pytest.mark.parametrize(
    ("adapter", "name"),
    [
        (Lora(), "lora"),
        (Lora(rslora=True), "lora"),
        (Lora(dora=True), "dora"),
        (Lora(initialization="eva"), "eva"),
    ],
)
def test_variants_of_lora_have_rows_of_their_own(adapter, name):
    assert capabilities.method(adapter) == name


def test_every_row_belongs_to_a_recipe():
    assert {capabilities.method(Recipe(**v).adapter) for v in VALUES.values()} == set(
        capabilities.TABLE
    )


def test_what_is_delivered_is_known_without_reading_peft():
    left = {name: capabilities.delivers(values["adapter"]) for name, values in VALUES.items()}
    assert [name for name in left if left[name] == "adapter and merged"] == able("merges")
    assert [name for name in left if left[name] == "model"] == [
        "full",
        "full_8bit",
        "galore",
        "relora",
    ]
    assert capabilities.delivers({"type": "peft", "peft_type": "LILY"}) == "adapter"
    # refused elsewhere
    assert capabilities.delivers({"type": "unheard of"}) == "adapter and merged"
