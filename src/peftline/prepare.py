"""What a run begins with: the model with its adapter, and how long it will train."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from transformers import set_seed

from peftline import adapters, training
from peftline.base_model.loading import load_base, load_model, load_tokenizer
from peftline.delivery.adapter import check_matches
from peftline.delivery.model import check_unchanged
from peftline.handles import AdapterFolder, BaseModelFolder, Tokenised
from peftline.objectives.collate import PadRight
from peftline.recipe import Recipe
from peftline.rendering import token_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ROWS_LOOKED_AT = 8  # at once, for initial values that depend on the data


class Prepared(NamedTuple):
    """A model that is ready to train."""

    model: Any
    tokenizer: "PreTrainedTokenizerBase"
    plan: adapters.Plan
    """Length and rows of the run."""
    rows_per_step: int


def prepare(
    recipe: Recipe,
    base: BaseModelFolder,
    tokenised: Tokenised,
    seed: int,
    parts: Sequence[AdapterFolder] = (),
    most_batches: int | None = None,
) -> Prepared:
    """Open the base and put the recipe's adapter on it.

    Args:
        parts: trained adapters that this one is made of.
        most_batches: of training rows that initial values may look at; None: all.

    Raises:
        PeftlineError: a part was trained on another base, or the adapter does not fit.
    """
    set_seed(seed)  # before the adapter is built: its initial values are random
    tokenizer = load_tokenizer(base)
    # saved with the adapter: whoever loads it asks in the format it was trained on
    tokenizer.chat_template = tokenised.chat_template
    per_row = tokenised.total_tokens / tokenised.train
    plan = adapters.Plan(
        steps=training.total_steps(recipe.training, tokenised.train, per_row),
        batches=lambda: islice(_batches(tokenised, tokenizer), most_batches),
        tokenizer=tokenizer,
    )
    model = build_model(recipe, base, plan, parts)
    return Prepared(model, tokenizer, plan, training.rows_per_step(recipe.training, per_row))


def build_model(
    recipe: Recipe,
    base: BaseModelFolder,
    plan: adapters.Plan,
    parts: Sequence[AdapterFolder] = (),
) -> Any:
    """The base as a recipe holds it, with its adapter.

    Raises:
        PeftlineError: a part was trained on another base or has been replaced meanwhile, or the
            adapter does not fit.
    """
    for part in parts:
        check_matches(part, base)
    plan = plan._replace(
        parts=tuple(part.path for part in parts),
        unrounded=lambda: load_model(base, device=torch.device("cpu")),
    )
    built = adapters.build(recipe.adapter, load_base(base, held=recipe.quantization), plan)
    for part in parts:
        check_unchanged(part)
    return built


def _batches(
    tokenised: Tokenised, tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[dict[str, torch.Tensor]]:
    """Training rows, a few at a time."""
    collate = PadRight(tokenizer.pad_token_id)
    rows = token_rows.open_without_ids(tokenised.path, "train")
    for few in rows.iter(_ROWS_LOOKED_AT):
        yield collate([dict(zip(few, row, strict=True)) for row in zip(*few.values(), strict=True)])
