from pathlib import Path

import pytest
import torch

from peftline.base_model.loading import load_model

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
