import json
import re
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from peftline import store
from peftline.base_model.loading import load_model
from peftline.delivery import adapter as adapters
from peftline.errors import PeftlineError

IDS = list(range(40, 80))


@pytest.fixture
def copy(trained_lora, tmp_path):
    """A copy of the saved adapter that a test may damage."""
    return shutil.copytree(trained_lora.folder, tmp_path / "adapter")


def rewrite(folder, change):
    """Change the tensors of a saved adapter, and its hash with them."""
    tensors = load_file(folder / adapters.WEIGHTS)
    change(tensors)
    save_file(tensors, folder / adapters.WEIGHTS, metadata={"format": "pt"})
    identity = json.loads((folder / adapters.IDENTITY).read_text())
    identity["sha256"] = store.sha256_of_files(folder / adapters.WEIGHTS)
    (folder / adapters.IDENTITY).write_text(json.dumps(identity))


def logits(model):
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits


def test_a_saved_adapter_says_what_the_trained_one_said(trained_lora, loud_base):
    loaded = adapters.load(load_model(loud_base, torch.float32), trained_lora.handle)
    torch.testing.assert_close(logits(loaded), logits(trained_lora.trained.model))
    assert not loaded.training


def test_a_saved_adapter_has_an_effect(trained_lora, loud_base):
    base = load_model(loud_base, torch.float32)
    before = logits(base)
    loaded = adapters.load(base, trained_lora.handle)
    assert (logits(loaded) - before).abs().max() > 0.1


def test_it_opens_with_peft_alone_in_a_fresh_process_after_a_move(
    trained_lora, loud_base, copy, tmp_path
):
    script = """
import sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
base, adapter, ids, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
model = PeftModel.from_pretrained(model, adapter).eval()
assert AutoTokenizer.from_pretrained(adapter).chat_template
with torch.no_grad():
    torch.save(model(torch.tensor([eval(ids)])).logits, out)
assert not any(name.startswith("peftline") for name in sys.modules)
"""
    arguments = [str(loud_base.path), str(copy), str(IDS), str(tmp_path / "logits.pt")]
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, cwd=tmp_path)
    found = torch.load(tmp_path / "logits.pt")
    torch.testing.assert_close(found, logits(trained_lora.trained.model))


def test_the_configuration_names_the_base_by_its_portable_id(trained_lora, loud_base):
    config = json.loads((trained_lora.folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == loud_base.id == "loud"
    assert config["revision"] == loud_base.revision
    assert config["peft_type"] == "LORA"


def test_no_file_has_a_path_of_this_machine(trained_lora, shared_root):
    texts = [f for f in trained_lora.folder.iterdir() if f.suffix in (".json", ".jinja", ".md")]
    assert len(texts) >= 4
    for file in texts:
        assert str(shared_root) not in file.read_text(encoding="utf-8"), file.name
        assert not re.search(r'"/\w+/', file.read_text(encoding="utf-8")), file.name


def test_its_description_has_the_identities_of_its_training(trained_lora, loud_base, sum_tokens):
    handle = trained_lora.handle
    assert (handle.recipe, handle.seed, handle.input_hash) == ("lora", 42, "0" * 64)
    assert handle.base_sha256 == loud_base.sha256
    assert handle.data_sha256 == sum_tokens.data_sha256
    assert handle.rendering == sum_tokens.rendering
    assert handle.trainable_parameters == trained_lora.history["trainable_parameters"]
    assert handle.adapter_bytes == (handle.path / adapters.WEIGHTS).stat().st_size
    assert handle.adapter_bytes >= 4 * handle.trainable_parameters


def test_damaged_weights_are_refused(copy):
    weights = copy / adapters.WEIGHTS
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(PeftlineError, match="the weights have changed since training"):
        adapters.describe(copy)


def test_a_missing_tensor_is_refused(copy, loud_base):
    rewrite(copy, lambda tensors: tensors.pop(sorted(tensors)[0]))
    with pytest.raises(PeftlineError, match="1 tensors are missing and 0 do not belong"):
        adapters.load(load_model(loud_base, torch.float32), adapters.describe(copy))


def test_a_tensor_under_another_name_is_refused(copy, loud_base):
    def rename(tensors):
        name = next(name for name in sorted(tensors) if "q_proj" in name)
        tensors[name.replace("q_proj", "q_proj.inner")] = tensors.pop(name)

    rewrite(copy, rename)
    with pytest.raises(PeftlineError, match=r"1 tensors are missing and 1 do not.*q_proj"):
        adapters.load(load_model(loud_base, torch.float32), adapters.describe(copy))


def test_saving_again_replaces_the_whole_folder(trained_lora, copy):
    (copy / "stale.bin").write_text("old")
    adapters.save(trained_lora.trained, copy)
    assert not (copy / "stale.bin").exists()
    assert adapters.describe(copy).sha256 == trained_lora.handle.sha256


def test_a_failed_save_keeps_the_adapter_that_was_there(trained_lora, copy, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("interrupted")

    monkeypatch.setattr(trained_lora.trained.tokenizer, "save_pretrained", fail)
    with pytest.raises(RuntimeError, match="interrupted"):
        adapters.save(trained_lora.trained, copy)
    assert adapters.describe(copy).sha256 == trained_lora.handle.sha256
    assert [path.name for path in copy.parent.iterdir()] == ["adapter"]


def test_an_adapter_is_used_with_what_it_was_trained_on(trained_lora, loud_base, sum_splits):
    handle = trained_lora.handle
    adapters.check_matches(handle, loud_base)
    adapters.check_matches(handle, loud_base, sum_splits, handle.rendering)


def test_all_differences_from_its_training_are_named(trained_lora, loud_base, sum_splits):
    handle = trained_lora.handle
    base = loud_base.model_copy(update={"sha256": "other"})
    splits = sum_splits.model_copy(update={"sha256": "other"})
    rendering = handle.rendering | {"format": "alpaca"}
    with pytest.raises(PeftlineError) as caught:
        adapters.check_matches(handle, base, splits, rendering)
    assert "another base model and data and rendering." in str(caught.value)
    for arguments, named in (
        ((base,), "base model"),
        ((loud_base, splits), "data"),
        ((loud_base, sum_splits, rendering), "rendering"),
    ):
        with pytest.raises(PeftlineError, match=f"trained on another {named}\\."):
            adapters.check_matches(handle, *arguments)


def test_an_adapter_of_another_version_is_refused_in_words(copy):
    identity = json.loads((copy / adapters.IDENTITY).read_text())
    del identity["merges"]
    (copy / adapters.IDENTITY).write_text(json.dumps(identity | {"rank": 8}))
    with pytest.raises(PeftlineError, match=r"another version of Peftline .* \(2 fields differ\)"):
        adapters.describe(copy)
