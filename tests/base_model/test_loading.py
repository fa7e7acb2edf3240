import shutil
from pathlib import Path

import pytest
import torch

from peftline.base_model.loading import load_model
from peftline.delivery import adapter as adapters
from peftline.delivery.layer_by_layer import merge_in_place
from peftline.quantization import NF4

MAPS = Path("/proc/self/maps")


def file_at(address):
    """What is mapped there; nothing in memory of the process's own."""
    for line in MAPS.read_text().splitlines():
        begin, end = (int(each, 16) for each in line.split()[0].split("-"))
        if begin <= address < end:
            return " ".join(line.split()[5:])


@pytest.mark.skipif(not MAPS.exists(), reason="only Linux tells which files are mapped")
def test_weights_in_the_type_of_their_file_are_mapped_from_it(tiny_base):
    weight = load_model(tiny_base, torch.bfloat16).get_input_embeddings().weight
    assert Path(file_at(weight.data_ptr())) == tiny_base.path.resolve() / "model.safetensors"


def mapped_from(folder):
    """Files of a folder that are mapped now."""
    lines = (line.split() for line in MAPS.read_text().splitlines())
    return {parts[5] for parts in lines if len(parts) > 5 and parts[5].startswith(str(folder))}


@pytest.mark.skipif(not MAPS.exists(), reason="only Linux tells which files are mapped")
def test_beside_a_quantised_base_no_file_stays_mapped(tiny_base, tmp_path):
    """A single norm that lies in a file keeps all its pages: the base once more."""
    folder = shutil.copytree(tiny_base.path, tmp_path / "base").resolve()
    base = tiny_base.model_copy(update={"path": folder})
    plain = load_model(base, torch.bfloat16)
    assert mapped_from(folder) == {str(folder / "model.safetensors")}
    del plain
    model = load_model(base, torch.bfloat16, NF4())
    assert mapped_from(folder) == set()
    assert model.dtype == torch.bfloat16


@pytest.mark.skipif(not MAPS.exists(), reason="only Linux tells which files are mapped")
def test_a_merge_lets_each_file_go(trained_lora, loud_base, tmp_path):
    load_model(loud_base, torch.bfloat16).save_pretrained(tmp_path, max_shard_size="50KB")
    base = loud_base.model_copy(update={"path": tmp_path.resolve()})
    wrapped = adapters.load(load_model(base, torch.bfloat16), trained_lora.handle)
    assert len(mapped_from(tmp_path.resolve())) > 2
    merged = merge_in_place(wrapped)
    assert mapped_from(tmp_path.resolve()) == set()
    assert merged.dtype == torch.bfloat16
