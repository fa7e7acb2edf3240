"""Every recipe file, trained for a few steps on the tiny model."""

import gc
import logging
from functools import cache, wraps
from types import SimpleNamespace

import pytest
import torch

from peftline import adapters, jsonl, quantization
from peftline.base_model import hardware
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import read_split
from peftline.delivery import adapter as delivery
from peftline.delivery import model as whole
from peftline.fine_tune import fine_tune
from peftline.objectives.token_losses import batch_loss
from peftline.prepare import _batches, build_model
from peftline.rendering.tokenise import tokenise
from tests.methods.recipes import WHOLE, recipe_of, trainables


@pytest.fixture(scope="session")
def every(loud_base, sum_tokens, tmp_path_factory):
    """Ways to use a recipe; what was trained is kept for all tests."""
    gc.collect()
    gc.freeze()  # the trainer collects garbage at its end: a third of so short a training
    return _ways(loud_base, sum_tokens, tmp_path_factory.mktemp("methods"))


def in_float32(function):
    """So that numbers can be compared on every machine."""

    @wraps(function)
    def call(*args, dtype=torch.float32, **kwargs):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hardware, "compute_dtype", lambda: dtype)
            return function(*args, **kwargs)

    return call


def _ways(base, tokens, folder):
    tokenizer = load_tokenizer(base)

    def batches():
        return _batches(tokens, tokenizer)

    @in_float32
    def train(name, seed=42, listener=None, place=None, data=None, **training):
        recipe = recipe_of(name, **training)
        place = place or folder / f"{name}-{len(list(folder.iterdir()))}"
        trained, history = fine_tune(
            recipe=recipe,
            name=name,
            base=base,
            tokenised=data or tokens,
            seed=seed,
            input_hash="a" * 64,
            checkpoints=place / "checkpoints",
            listener=listener,
            parts=parts_of(recipe),
        )
        model = trained.model.eval()
        gradients = gradients_of(model) if trainables(model) else {}
        kind = "merged" if name in WHOLE else "adapter"
        (whole if name in WHOLE else delivery).save(trained, place / kind)
        return SimpleNamespace(
            model=model,
            history=history,
            gradients=gradients,
            folder=place / kind,
            losses=[r["train_loss"] for r in history["records"] if "train_loss" in r],
            validation=[r["validation_loss"] for r in history["records"] if "validation_loss" in r],
        )

    def parts_of(recipe):
        """Of a fusion: the adapters of the recipes that it names."""
        others = getattr(recipe.adapter, "adapters", ())
        return [delivery.describe(ways.trained(other).folder) for other in others]

    def gradients_of(model):
        part = next(iter(batches()))
        total, _ = batch_loss(model, part)
        total.backward()
        found = {name: p.grad for name, p in trainables(model).items()}
        model.zero_grad()
        return found

    @in_float32
    def build(name, settings=None):
        torch.manual_seed(42)
        recipe = recipe_of(name)
        if settings:
            adapter = recipe.adapter.model_copy(update=settings)
            recipe = recipe.model_copy(update={"adapter": adapter})
        plan = adapters.Plan(6, batches, tokenizer)
        return build_model(recipe, base, plan, parts_of(recipe)).eval()

    @in_float32
    def untouched(name=None):
        quantized = recipe_of(name).quantization if name else None
        model = load_model(base, quantized=quantized)
        if name:
            quantization.prepare(recipe_of(name).quantization, model)
        return model

    ways = SimpleNamespace(
        base=base,
        tokenizer=tokenizer,
        train=train,
        build=build,
        untouched=untouched,
        trained=cache(train),
        folder=folder,
    )
    return ways


@pytest.fixture(scope="session")
def eight_rows(sum_splits, loud_base, rendering, tmp_path_factory):
    folder = tmp_path_factory.mktemp("eight")
    rows = read_split(sum_splits, "train")[:8]
    for side in ("train", "validation"):
        jsonl.write(folder / f"{side}.jsonl", (row.model_dump() for row in rows))
    splits = sum_splits.model_copy(update={"path": folder, "sha256": "eight", "train": 8})
    return tokenise(splits, loud_base, rendering, folder)


@pytest.fixture
def ids():
    return torch.arange(40)[None]


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.WARNING)
