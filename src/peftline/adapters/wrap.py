"""Put an adapter of PEFT on a model, and let it compute in the model's type."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel


def wrap(model: "PreTrainedModel", peft_config: "PeftConfig") -> "PeftModel":
    """Wrap `model` in place; the base stays frozen, the adapter's tensors are float32.

    Raises:
        PeftlineError: PEFT refuses this adapter for this model, for the reason that it gives.
    """
    from peft import get_peft_model

    try:
        return get_peft_model(model, peft_config)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise PeftlineError(
            f"adapter: {peft_config.peft_type.value} does not fit the base model: {error}"
        ) from error


@contextmanager
def inputs_kept(model: Any) -> Iterator[None]:
    """Keep PEFT from widening the inputs of adapters to float32; undone on leaving.

    Autocast gives both factors of a product one type, and PEFT would widen the larger of them.
    `peft.helpers.disable_input_dtype_casting` does the same for adapters of LoRA's kind alone.
    """
    name = "cast_input_dtype_enabled"
    layers = [module for module in model.modules() if hasattr(module, name)]
    before = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, False)
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            setattr(layer, name, value)
