"""Virtual tokens in front of every prompt; the model itself stays as it is."""

from itertools import cycle, islice
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from peftline.adapters.plan import Plan
from peftline.adapters.wrap import wrap
from peftline.config import Config
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class PromptTuning(Config):
    """Trained embeddings before those of the prompt (Lester et al. 2021, arXiv:2104.08691).

    Trains tokens * hidden_size parameters.
    """

    type: Literal["prompt_tuning"] = "prompt_tuning"
    tokens: int = Field(20, ge=1)
    """Virtual tokens. From 20 on the paper finds little gain."""
    initial_text: str | None = None
    """Whose embeddings they begin with, repeated or cut to their number. By default those of random
    words of the vocabulary: in PEFT's comparison 34 % right answers, from noise 23 %."""


class PTuning(Config):
    """Embeddings before those of the prompt, made by a trained network (Liu et al. 2021,
    arXiv:2103.10385).

    Trains tokens * d + (d * h + h) + (h * h + h) + (h * d + d) parameters for hidden sizes d of the
    model and h of the network; tokens * d are saved.
    """

    type: Literal["p_tuning"] = "p_tuning"
    tokens: int = Field(20, ge=1)
    """Virtual tokens."""
    encoder_hidden_size: int = Field(128, ge=1)
    """Of the network of three layers. By default PEFT takes the model's own, with more parameters
    than LoRA has."""


class PrefixTuning(Config):
    """Trained keys and values before those of the prompt, in every layer (Li & Liang 2021,
    arXiv:2101.00190).

    Trains tokens * layers * 2 * kv_heads * head_dim parameters; with a projection, those of the
    network that makes them, and as many as without are saved.
    """

    type: Literal["prefix_tuning"] = "prefix_tuning"
    tokens: int = Field(20, ge=1)
    """Virtual tokens."""
    projection: bool = False
    """Let a network of two layers make keys and values from embeddings, as the paper does."""
    encoder_hidden_size: int = Field(128, ge=1)
    """Of that network."""
    initial_text: str | None = None
    """Whose keys and values they begin with, repeated or cut to their number: PEFT's comparison has
    its best result so. By default random numbers."""

    @model_validator(mode="after")
    def _has_one_beginning(self) -> Self:
        """Raises ValueError: a network cannot begin with given keys and values."""
        if self.projection and self.initial_text is not None:
            raise ValueError("initial_text sets keys and values, which a projection makes itself")
        return self


def build_prompt(config: PromptTuning, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model`; nothing of it is changed."""
    import torch
    from peft import PromptTuningConfig

    sampled = "SAMPLE_VOCAB" if config.initial_text is None else "RANDOM"
    peft_config = PromptTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=config.tokens, prompt_tuning_init=sampled
    )
    wrapped = wrap(model, peft_config)
    if config.initial_text is not None:
        ids = torch.tensor(_ids(config.initial_text, config.tokens, plan), device=model.device)
        embeddings = model.get_input_embeddings()(ids).detach()
        wrapped.prompt_encoder["default"].embedding.weight.data.copy_(embeddings)
    return wrapped


def build_p_tuning(config: PTuning, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model`; nothing of it is changed."""
    from peft import PromptEncoderConfig

    peft_config = PromptEncoderConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=config.tokens,
        encoder_hidden_size=config.encoder_hidden_size,
    )
    return wrap(model, peft_config)


def build_prefix(config: PrefixTuning, model: "PreTrainedModel", plan: Plan) -> "PeftModel":
    """Wrap `model`; nothing of it is changed."""
    import torch
    from peft import PrefixTuningConfig
    from peft.tuners.cartridge.utils import initialize_kv_prefix_from_past_key_values

    from peftline.base_model.hardware import autocast

    peft_config = PrefixTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=config.tokens,
        prefix_projection=config.projection,
        encoder_hidden_size=config.encoder_hidden_size,
    )
    wrapped = wrap(model, peft_config)
    if config.initial_text is not None:
        ids = torch.tensor([_ids(config.initial_text, config.tokens, plan)], device=model.device)
        with torch.no_grad(), autocast(model):
            seen = model(input_ids=ids, use_cache=True).past_key_values
        initialize_kv_prefix_from_past_key_values(
            wrapped,
            adapter_name="default",
            past_key_values=seen,
            num_virtual_tokens=config.tokens,
        )
    return wrapped


def _ids(text: str, count: int, plan: Plan) -> list[int]:
    if plan.tokenizer is None:
        raise PeftlineError("adapter.initial_text needs the model's tokenizer in the plan.")
    ids = plan.tokenizer(text, add_special_tokens=False)["input_ids"]
    if not ids:
        raise PeftlineError(f"adapter.initial_text={text!r} has no tokens. Give some words.")
    return list(islice(cycle(ids), count))
