import pytest
from pydantic import ValidationError

from peftline import adapters
from peftline.adapters.any_peft import AnyPeft


@pytest.mark.parametrize("kind", ["LOHA", "LOKR", "VBLORA", "FOURIERFT", "ROAD"])
def test_a_type_of_peft_is_built_by_its_name(tiny_model, kind):
    arguments = {"VBLORA": {"vector_length": 16}, "ROAD": {"group_size": 32}}
    config = AnyPeft(peft_type=kind, arguments=arguments.get(kind, {}))
    assert adapters.build(config, tiny_model).peft_config["default"].peft_type.value == kind


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
    ],
)
def test_what_peft_does_not_have_is_refused(values, message):
    with pytest.raises(ValidationError) as caught:
        AnyPeft(**values)
    assert message in str(caught.value)
