"""What every recipe promises about what it leaves behind."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from peftline.adapters.targets import linear_layers
from peftline.delivery import adapter as delivery
from peftline.delivery import answering
from peftline.delivery.answering import open_trained
from peftline.errors import PeftlineError
from peftline.evaluation.generation import generate
from tests.methods.recipes import ADAPTERS, OF_PEFT, VALUES, able

EVERY = pytest.mark.parametrize("name", ADAPTERS)
WEIGHTS = "adapter_model.safetensors"


def ranks_left(done, model):
    """What AdaLoRA has not taken away: of each rank a column, a row and a number."""
    pattern = done.model.peft_config["default"].rank_pattern
    layers = {
        model.get_submodule(key[key.index("model.layers") :].partition(".lora_E")[0]): sum(kept)
        for key, kept in pattern.items()
    }
    return sum(rank * (one.in_features + one.out_features + 1) for one, rank in layers.items())


def saved_numbers(name, done, model):
    """How many numbers are saved, where that is not each that trains."""
    if name == "adalora":
        return ranks_left(done, model)
    trained = done.history["trainable_parameters"]
    if name == "adapter_fusion":  # and what it is about
        return trained + sum(
            tensor.numel()
            for key, tensor in done.model.state_dict().items()
            if ".fusion.networks." in key
        )
    heads = model.config.num_key_value_heads * model.config.head_dim
    frozen_a = sum(16 * model.get_submodule(n).in_features for n in linear_layers(model))
    return {
        "pissa": 2 * trained,  # the difference to its beginning
        "olora": 2 * trained,
        "loftq": 2 * trained,
        "lora_fa": trained + frozen_a,
        "vera": trained + 256 * (128 + 128),  # A and B, as wide as the widest layer
        "shira": 3 * trained,  # row and column of each weight
        "p_tuning": 20 * model.config.hidden_size,  # what the network makes
        "prefix_tuning_projected": 20 * 2 * model.config.num_hidden_layers * heads,
    }.get(name, trained)


@EVERY
def test_only_the_adapter_is_saved(every, name):
    done = every.trained(name)
    tensors = load_file(done.folder / WEIGHTS)
    size = (done.folder / WEIGHTS).stat().st_size
    assert 0 < size - sum(tensor.nbytes for tensor in tensors.values()) < 200 * len(tensors) + 100
    saved = sum(tensor.numel() for tensor in tensors.values())
    assert saved == saved_numbers(name, done, every.untouched())


@pytest.mark.parametrize("name", sorted({*ADAPTERS} - {"loftq"}))
def test_it_opens_on_the_untouched_base_with_the_trained_logits(every, ids, name):
    done = every.trained(name)
    base = every.untouched(name)
    loaded = delivery.load(base, delivery.describe(done.folder))
    with torch.no_grad():
        expected = done.model(ids).logits[:, -40:]  # without virtual tokens
        torch.testing.assert_close(loaded(ids).logits[:, -40:], expected, rtol=1e-4, atol=1e-3)
        assert (expected - every.untouched(name)(ids).logits).abs().max() > 1e-2


OPEN_ALL = """
import sys, torch
from pathlib import Path
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, out, *folders = sys.argv[1:]
found = {}
for folder in folders:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with torch.no_grad():
        model = PeftModel.from_pretrained(model, folder).eval()
        found[folder] = model(torch.arange(40)[None]).logits
torch.save(found, out)
"""


def test_another_process_without_this_project_opens_all(every, ids, loud_base, tmp_path):
    folders = {name: every.trained(name).folder for name in OF_PEFT}
    out = tmp_path / "logits.pt"
    command = [sys.executable, "-c", OPEN_ALL, str(loud_base.path), str(out)]
    subprocess.run([*command, *map(str, folders.values())], check=True)
    found = torch.load(out)
    for folder in folders.values():
        ours = delivery.load(every.untouched(), delivery.describe(folder))
        with torch.no_grad():
            torch.testing.assert_close(found[str(folder)], ours(ids).logits, rtol=1e-5, atol=1e-4)


@EVERY
@pytest.mark.parametrize("change", ["missing", "renamed"])
def test_an_adapter_with_a_wrong_key_is_refused(every, tmp_path, name, change):
    folder = tmp_path / "adapter"
    shutil.copytree(every.trained(name).folder, folder)
    tensors = load_file(folder / WEIGHTS)
    key = sorted(tensors)[-1]
    tensor = tensors.pop(key)
    if change == "renamed":
        tensors[f"wrong.{key}"] = tensor
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})
    identity = json.loads((folder / delivery.IDENTITY).read_text())
    identity["sha256"] = delivery.store.sha256_of_files(folder / WEIGHTS)
    (folder / delivery.IDENTITY).write_text(json.dumps(identity))
    with pytest.raises(PeftlineError, match=r"Train again"):
        delivery.load(every.untouched(), delivery.describe(folder))


@pytest.mark.parametrize("name", able("merges"))
def test_merged_it_gives_the_same_logits(every, ids, name):
    handle = delivery.describe(every.trained(name).folder)
    with torch.no_grad():
        expected = delivery.load(every.untouched(), handle)(ids).logits
        merged = answering.merged(every.untouched(), handle)
        torch.testing.assert_close(merged(ids).logits, expected, rtol=0, atol=1e-3)
    assert not [n for n, _ in merged.named_parameters() if "lora" in n or "base_layer" in n]


@pytest.mark.parametrize("name", able("merges", False))
def test_what_cannot_merge_answers_with_its_adapter(every, ids, name):
    handle = delivery.describe(every.trained(name).folder)
    answering = open_trained(handle, every.base, torch.float32)
    with torch.no_grad():
        expected = delivery.load(every.untouched(), handle)(ids).logits
        torch.testing.assert_close(answering(ids).logits, expected, rtol=0, atol=1e-5)
    with pytest.raises((AttributeError, NotImplementedError, ValueError)):
        answering.merged(every.untouched(), handle)


@pytest.mark.parametrize("name", ADAPTERS)
def test_answers_are_those_of_generate(every, tiny_tokenizer, name):
    handle = delivery.describe(every.trained(name).folder)
    prompts = [list(range(7, 7 + n)) for n in (3, 9, 30)]
    answering = open_trained(handle, every.base, torch.float32)
    said = generate(answering, tiny_tokenizer, prompts, 6, 10**6)
    plain = delivery.load(every.untouched(), handle)
    for prompt, answer in zip(prompts, said, strict=True):
        made = plain.generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=6,
            do_sample=False,
        )
        new = made[0, len(prompt) :]
        assert tiny_tokenizer.decode(new, skip_special_tokens=True) == answer.text


@pytest.mark.parametrize("name", able("plain_lora"))
def test_as_plain_lora_it_needs_nothing_but_a_and_b(every, name):
    folder = every.trained(name).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["peft_type"] == "LORA"
    assert not config["use_dora"]
    assert config["init_lora_weights"] in (True, "eva")  # nothing that would change a base
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        assert all(key.endswith(("lora_A.weight", "lora_B.weight")) for key in file.keys())


@pytest.mark.parametrize("name", able("plain_lora", False))
def test_the_others_are_no_plain_lora(every, name):
    folder = every.trained(name).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["peft_type"] != "LORA" or config["use_dora"]


@pytest.mark.parametrize("name", [n for n in OF_PEFT if "quantization" not in VALUES[n]])
def test_several_answer_in_one_batch_as_each_alone_where_the_table_says_so(every, ids, name):
    folder = every.trained(name).folder
    model = PeftModel.from_pretrained(every.untouched(), folder).eval()
    batch = ids.repeat(2, 1)
    names = ["default", "__base__"]
    with torch.no_grad():
        alone = torch.cat([model(ids).logits[:, -40:], every.untouched()(ids).logits])
        try:
            mixed = model(batch, adapter_names=names).logits[:, -40:]
        except (ValueError, TypeError, NotImplementedError):
            mixed = torch.full_like(alone, torch.inf)
    # Some of the others take `adapter_names` and forget it without a word.
    assert torch.allclose(mixed, alone, rtol=1e-4, atol=1e-4) == (name in able("mixed_batch"))
