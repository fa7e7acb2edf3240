"""Parameters under names that are the same in every recipe."""

from typing import Any

from pydantic import BaseModel


def plain_parameters(namespace: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The parameters among a node's inputs, without the recipe's name in front.

    Args:
        namespace: of the node; the recipe's name, or empty.
        inputs: of the node, by dataset name; parameters begin with `params:`.
    """
    plain: dict[str, Any] = {}
    for name, value in inputs.items():
        if not name.startswith("params:"):
            continue
        short = name.removeprefix("params:")
        values = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if short == namespace:
            plain |= {f"params:{key}": item for key, item in values.items()}
        elif short != "store_root":  # a path of this machine tells nothing about a run
            plain[f"params:{short.removeprefix(f'{namespace}.')}"] = values
    return plain


def changed(given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What is not known yet, or known with another value."""
    return {name: v for name, v in given.items() if name not in known or v != known[name]}
