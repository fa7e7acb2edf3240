"""A whole model that was trained, as a folder with the identity of its training."""

import json
from dataclasses import replace

import pytest

from peftline.delivery import model as models
from peftline.delivery.adapter import IDENTITY
from peftline.errors import PeftlineError
from peftline.handles import ModelFolder


@pytest.fixture
def folder(trained_lora, tiny_model, tmp_path):
    trained = replace(trained_lora.trained, model=tiny_model, checkpoints=tmp_path / "checkpoints")
    (tmp_path / "checkpoints").mkdir()
    models.save(trained, tmp_path / "merged")
    return tmp_path / "merged"


def test_its_description_has_the_identities_of_its_training(folder, trained_lora, loud_base):
    handle = models.describe(folder)
    assert isinstance(handle, ModelFolder)
    assert (handle.recipe, handle.seed, handle.adapter_bytes) == ("lora", 42, None)
    assert handle.base_sha256 == loud_base.sha256
    assert handle.rendering == trained_lora.handle.rendering
    assert not (folder.parent / "checkpoints").exists()


def test_damaged_weights_are_refused(folder):
    (weights,) = folder.glob("*.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(PeftlineError, match="the weights have changed since training"):
        models.describe(folder)


def test_a_model_of_another_version_is_refused_in_words(folder):
    identity = json.loads((folder / IDENTITY).read_text())
    (folder / IDENTITY).write_text(json.dumps(identity | {"rank": 8}))
    with pytest.raises(PeftlineError, match=r"another version of Peftline .* \(1 fields differ\)"):
        models.describe(folder)
