import json

import pytest
from pydantic import ValidationError

from peftline import adapters
from peftline.adapters.any_peft import AnyPeft
from peftline.delivery import adapter as delivery
from peftline.errors import PeftlineError
from peftline.trained import TrainedModel


@pytest.mark.parametrize("kind", ["LOHA", "LOKR", "VBLORA", "FOURIERFT", "ROAD"])
def test_a_type_of_peft_is_built_by_its_name(tiny_model, kind):
    arguments = {"VBLORA": {"vector_length": 16}, "ROAD": {"group_size": 32}}
    config = AnyPeft(peft_type=kind, arguments=arguments.get(kind, {}))
    assert adapters.build(config, tiny_model).peft_config["default"].peft_type.value == kind


def test_an_argument_of_the_wrong_kind_is_explained(tiny_model):
    with pytest.raises(PeftlineError, match="VBLORA"):
        adapters.build(AnyPeft(peft_type="VBLORA"), tiny_model)


def test_tokens_that_are_trained_keep_their_order(
    tiny_base, tiny_model, tiny_tokenizer, trained_lora, tmp_path
):
    """Rows of the saved weights belong to them by position."""
    config = AnyPeft(peft_type="TRAINABLE_TOKENS", arguments={"token_indices": [9, 10, 100]})
    model = adapters.build(config, tiny_model)
    trained = TrainedModel(
        model=model,
        tokenizer=tiny_tokenizer,
        identity=trained_lora.trained.identity,
        base=tiny_base,
        checkpoints=tmp_path / "none",
        initial=None,
        adapter=config,
    )
    delivery.save(trained, tmp_path / "adapter")
    saved = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert saved["token_indices"] == [9, 10, 100]


def test_its_arguments_reach_peft(tiny_model):
    config = AnyPeft(peft_type="LOHA", arguments={"r": 3, "target_modules": ["q_proj"]})
    made = adapters.build(config, tiny_model).peft_config["default"]
    assert (made.r, made.target_modules) == (3, {"q_proj"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"peft_type": "LOHAA"}, "PEFT has no type 'LOHAA'. Did you mean 'LOHA'?"),
        (
            {"peft_type": "LOHA", "arguments": {"rr": 3, "alpa": 1}},
            "LOHA has no such arguments: 'alpa': Did you mean 'alpha'?",
        ),
        ({"peft_type": "XLORA"}, "XLORA wants more with each row than its tokens"),
        ({"peft_type": "LORA"}, "LORA has a type of its own: lora"),
        ({"peft_type": "LOHA", "arguments": {"task_type": "SEQ_CLS"}}, "'task_type' cannot be"),
    ],
)
def test_what_peft_does_not_have_is_refused(values, message):
    with pytest.raises(ValidationError) as caught:
        AnyPeft(**values)
    assert message in str(caught.value)
