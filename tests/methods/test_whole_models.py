"""Recipes that train the model's own weights."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from peftline.delivery import model as delivery
from peftline.delivery.answering import open_trained
from peftline.handles import ModelFolder
from tests.methods.recipes import WHOLE, trainables
from tests.methods.test_training import kill_at

EVERY = pytest.mark.parametrize("name", WHOLE)
FULL = pytest.mark.parametrize("name", ["full", "full_8bit", "galore"])


@FULL
def test_every_weight_trains_in_float32(every, name):
    done = every.trained(name)
    found = trainables(done.model)
    assert set(found) == set(dict(done.model.named_parameters()))
    assert {p.dtype for p in found.values()} == {torch.float32}
    assert done.history["trainable_parameters"] == every.untouched().num_parameters()
    assert all(gradient is not None and gradient.any() for gradient in done.gradients.values())


@FULL
def test_every_weight_has_moved(every, name):
    before = dict(every.untouched().named_parameters())
    for key, after in every.trained(name).model.named_parameters():
        assert not torch.equal(before[key], after), key


@pytest.mark.parametrize(
    ("name", "steps", "adapter"),
    # Each restart costs ReLoRA some of what it knew, and the next hundred steps bring it back.
    [
        ("full", 60, None),
        ("full_8bit", 60, None),
        ("galore", 60, None),
        ("relora", 200, {"restarts": 1}),
    ],
)
def test_it_learns_eight_rows_by_heart(every, eight_rows, name, steps, adapter):
    settings = {"max_steps": steps, "learning_rate": 5e-3, "evaluations": 1}
    done = every.train(name, data=eight_rows, adapter=adapter, **settings)
    assert done.losses[0] > 15
    assert done.validation[-1] < 0.05


@EVERY
def test_equal_seeds_give_equal_losses_and_bytes(every, name):
    first, again = every.trained(name), every.train(name)
    assert again.losses == first.losses
    files = [run.folder / "model.safetensors" for run in (first, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


@EVERY
def test_a_killed_run_goes_on_or_starts_afresh_and_says_so(every, tmp_path, caplog, name):
    whole = every.trained(name)
    with pytest.raises(KeyboardInterrupt):
        every.train(name, place=tmp_path, listener=kill_at(5))
    resumed = every.train(name, place=tmp_path)
    resumes = name in ("full", "full_8bit")
    assert ("Resuming from checkpoint-4" if resumes else "starting afresh") in caplog.text
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-5)
    assert resumed.validation[-1] == pytest.approx(whole.validation[-1], rel=1e-5)


@EVERY
def test_what_is_delivered_is_a_plain_model(every, ids, name):
    done = every.trained(name)
    handle = delivery.describe(done.folder)
    assert isinstance(handle, ModelFolder) and handle.recipe == name
    plain = AutoModelForCausalLM.from_pretrained(done.folder)
    with torch.no_grad():
        expected = done.model(ids).logits
        torch.testing.assert_close(plain(ids).logits, expected, rtol=1e-5, atol=1e-4)
        opened = open_trained(handle, every.base, torch.float32)
        torch.testing.assert_close(opened(ids).logits, expected, rtol=1e-5, atol=1e-4)
    assert not (done.folder.parent / "checkpoints").exists()


def test_galore_projects_the_gradients_of_linear_layers(every, monkeypatch):
    from galore_torch.galore_projector import GaLoreProjector

    shapes = []
    real = GaLoreProjector.project

    def project(self, gradient, step):
        low = real(self, gradient, step)
        shapes.append((tuple(gradient.shape), tuple(low.shape)))
        return low

    monkeypatch.setattr(GaLoreProjector, "project", project)
    every.train("galore", optimizer={"rank": 4}, max_steps=2)
    assert len(shapes) == 2 * 2 * 7
    assert all(min(low) == 4 for _, low in shapes)
