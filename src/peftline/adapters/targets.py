"""Which layers an adapter attaches to."""

from typing import TYPE_CHECKING

from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


Targets = str | list[str]
"""`all-linear` (every linear layer but the head), or names or endings of layers."""


def resolve_targets(
    targets: Targets, model: "PreTrainedModel", key: str = "target_modules"
) -> Targets:
    """Check that every named target exists in `model`, and return them as PEFT expects them.

    Args:
        key: of the adapter's configuration, for the message.

    Raises:
        PeftlineError: some names match no linear layer; the message lists those that exist.
    """
    if targets == "all-linear":
        return targets
    wanted = [targets] if isinstance(targets, str) else list(targets)
    linear = linear_layers(model)
    absent = [w for w in wanted if not any(n == w or n.endswith(f".{w}") for n in linear)]
    if absent or not wanted:
        endings = sorted({name.rsplit(".", 1)[-1] for name in linear})
        found = ", ".join(f"'{name}'" for name in absent) or "an empty list"
        raise PeftlineError(
            f"adapter.{key}: {found} matches no linear layer of the base model. "
            f"Layers that exist: {', '.join(endings)}. Use some of them, or 'all-linear'."
        )
    return wanted


def linear_layers(model: "PreTrainedModel") -> list[str]:
    """Full names of all linear layers but the output head, quantised ones included."""
    import torch

    head = model.get_output_embeddings()
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    ]
