"""How many tokens a model can read at once."""

from collections.abc import Sequence
from typing import Any

from peftline.handles import BaseModelFolder
from peftline.speed.layers import causal_lm_of, is_prompt_learning

# What configurations of transformers call it, where `attribute_map` gives it no common name.
_NAMES = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len")
_NAMED = 5  # texts in a message


def tokens_of_folder(base: BaseModelFolder) -> int | None:
    """As `tokens_of_config`, of a materialised base."""
    from transformers import AutoConfig

    return tokens_of_config(AutoConfig.from_pretrained(base.path, local_files_only=True))


def tokens_of_model(model: Any) -> int | None:
    """As `tokens_of_config`, of a model of transformers or PEFT; None where it has none."""
    config = getattr(causal_lm_of(model), "config", None)
    return tokens_of_config(config) if config is not None else None


def tokens_left(model: Any) -> int | None:
    """How many tokens a row may have beside the virtual tokens that PEFT puts before it."""
    most = tokens_of_model(model)
    return None if most is None else most - virtual_tokens(model)


def virtual_tokens(model: Any) -> int:
    """How many tokens of an adapter stand before each row."""
    return model.active_peft_config.num_virtual_tokens if is_prompt_learning(model) else 0


def tokens_of_config(config: Any) -> int | None:
    """The length that a configuration names, with the factor of stretched rotary positions.

    A model with learned positions fails beyond it; one with rotary positions answers noise.

    Returns:
        None where none is named, as by recurrent models.
    """
    config = config.get_text_config()
    most = next((value for name in _NAMES if (value := getattr(config, name, None))), None)
    rope = getattr(config, "rope_parameters", None) or {}
    factor = rope.get("factor")
    if most is None or not isinstance(factor, int | float):
        return most
    return max(most, int(factor * rope.get("original_max_position_embeddings", most)))


def why_too_long(names: Sequence[str], tokens: Sequence[int], most: int | None, what: str) -> str:
    """Which texts are longer than a model can read; empty if none is.

    Args:
        names: of the texts, for the message.
        tokens: of each text, with all that will be added to it.
        most: that the model can read; None without a limit.
        what: kind of the texts, for the message.
    """
    over = [] if most is None else [at for at, count in enumerate(tokens) if count > most]
    if not over:
        return ""
    named = ", ".join(f"{names[at]} ({tokens[at]})" for at in over[:_NAMED])
    more = ", …" if len(over) > _NAMED else ""
    return (
        f"{len(over)} of {len(tokens)} {what} need more tokens than the {most} that the model can "
        f"read; the longest needs {max(tokens)}: {named}{more}."
    )
