"""Every recipe file, trained for a few steps on the tiny model."""

import logging
from functools import cache
from types import SimpleNamespace

import pytest
import torch

from peftline import adapters, quantization
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.delivery import adapter as delivery
from peftline.fine_tune import _batches, fine_tune
from peftline.objectives.sft import batch_loss
from tests.methods.recipes import recipe_of, trainables


@pytest.fixture(scope="session")
def every(loud_base, sum_tokens, tmp_path_factory):
    """Ways to use a recipe; what was trained is kept for all tests."""
    from peftline.base_model import hardware

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hardware, "compute_dtype", lambda: torch.float32)
        yield _ways(loud_base, sum_tokens, tmp_path_factory.mktemp("methods"))


def _ways(base, tokens, folder):
    tokenizer = load_tokenizer(base)

    def batches():
        return _batches(tokens, tokenizer)

    def train(name, seed=42, listener=None, place=None, data=None, **training):
        place = place or folder / f"{name}-{len(list(folder.iterdir()))}"
        trained, history = fine_tune(
            recipe=recipe_of(name, **training),
            name=name,
            base=base,
            tokenised=data or tokens,
            seed=seed,
            input_hash="a" * 64,
            checkpoints=place / "checkpoints",
            listener=listener,
        )
        model = trained.model.eval()
        gradients = gradients_of(model)
        delivery.save(trained, place / "adapter")
        return SimpleNamespace(
            model=model,
            history=history,
            gradients=gradients,
            folder=place / "adapter",
            losses=[r["train_loss"] for r in history["records"] if "train_loss" in r],
            validation=[r["validation_loss"] for r in history["records"] if "validation_loss" in r],
        )

    def gradients_of(model):
        part = next(iter(batches()))
        total, _ = batch_loss(model, part)
        total.backward()
        found = {name: p.grad for name, p in trainables(model).items()}
        model.zero_grad()
        return found

    def build(name):
        torch.manual_seed(42)
        recipe = recipe_of(name)
        model = load_model(base, quantized=recipe.quantization)
        model = quantization.prepare(recipe.quantization, model)
        return adapters.build(recipe.adapter, model, adapters.Plan(6, batches, tokenizer)).eval()

    def untouched(name=None):
        quantized = recipe_of(name).quantization if name else None
        model = load_model(base, quantized=quantized)
        if name:
            quantization.prepare(recipe_of(name).quantization, model)
        return model

    return SimpleNamespace(
        train=train, build=build, untouched=untouched, trained=cache(train), folder=folder
    )


@pytest.fixture
def ids():
    return torch.arange(40)[None]


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.WARNING)
